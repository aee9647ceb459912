"""Configuration: defaults, the example, secrets and fingerprints."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from config_files import ENV, EXAMPLE, SECTIONS, load_text, load_with
from pydantic import BaseModel, ValidationError

from migrator.config.mapped_attribute import MappedAttribute
from migrator.config.schema import Config, MappingConfig, PolicyConfig, load_config
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Iterator


def test_the_smallest_file_gets_the_documented_defaults(tmp_path: Path) -> None:
    config = load_with(tmp_path)

    assert (config.docebo.grant, config.docebo.page_size, config.docebo.calls_per_hour) == ("password", 200, 1000)
    assert config.docebo.sweeps == "settle"
    assert (config.descope.batch_size, config.descope.settle_seconds) == (100, 60)
    assert config.descope.limits == {"create": 100, "search": 200, "user": 500, "general": 100}
    assert config.checkpoint.sqlalchemy_url.database == str(tmp_path / "migrator.db")
    assert (config.checkpoint.key, config.checkpoint.keep_profiles) == ("default", "until_done")
    assert config.mapping == MappingConfig()
    assert config.mapping.status.model_dump() == {"active": "enabled", "suspended": "disabled", "expired": "disabled"}
    assert set(config.policy.include) == {"active", "suspended", "expired"}
    assert config.policy.update == {"default": "source_wins"}
    assert (config.run.concurrency, config.run.max_errors) == (4, None)
    assert config.report.path == tmp_path / "reports"
    assert config.path == tmp_path / "config.yaml"


def test_a_section_whose_keys_are_all_commented_out_has_its_defaults(tmp_path: Path) -> None:
    text = yaml.safe_dump(SECTIONS) + "run:\n  # concurrency: 2\n"

    assert load_text(tmp_path, text).run.concurrency == 4


def test_the_example_loads_and_shows_the_defaults(tmp_path: Path) -> None:
    """Every value in the example is the default, so copying it changes nothing."""
    example = load_config(EXAMPLE, ENV)
    smallest = load_with(tmp_path)

    assert example.mapping == smallest.mapping
    assert example.policy == smallest.policy
    assert example.run == smallest.run
    assert example.descope.model_copy(update={"project_id": "P2abc"}) == smallest.descope
    assert example.checkpoint.model_dump() == smallest.checkpoint.model_dump()


def test_the_rules_in_the_comments_of_the_example_load(tmp_path: Path) -> None:
    """With the comment signs and the empty list taken away, the file is valid."""
    comment, empty = "  # Tenants to put people into", "  tenants: []\n"
    before, _, rest = EXAMPLE.read_text().partition(comment)
    examples, _, after = rest.partition(empty)
    rules = [line.removeprefix("  #") for line in examples.splitlines() if line.startswith("  #   ")]

    config = load_text(tmp_path, "\n".join([f"{before}  tenants:", *rules, after]))

    assert [rule.tenant for rule in config.mapping.tenants] == ["acme", "emea", "partners"]


def keys_of(model: type[BaseModel], *above: str) -> Iterator[tuple[str, ...]]:
    for name, info in model.model_fields.items():
        yield (*above, name)
        if isinstance(info.annotation, type) and issubclass(info.annotation, BaseModel):
            yield from keys_of(info.annotation, *above, name)


@pytest.mark.parametrize("keys", list(keys_of(Config)), ids=".".join)
def test_every_key_stands_in_the_example(keys: tuple[str, ...]) -> None:
    found = yaml.safe_load(EXAMPLE.read_text())
    for key in keys:
        assert key in found
        found = found[key]


def test_no_secret_is_in_any_text_of_the_configuration(tmp_path: Path) -> None:
    config = load_with(tmp_path, checkpoint={"url": "postgresql://me:canary-db@h/d"})

    for text in (repr(config), str(config), str(config.model_dump()), config.model_dump_json(), repr(vars(config))):
        assert "canary" not in text
    assert "canary" not in repr(config.checkpoint.sqlalchemy_url)


def test_secrets_names_them_all(tmp_path: Path) -> None:
    config = load_with(tmp_path, checkpoint={"url": "postgresql://me:canary%2Ddb@h/d"})

    assert config.secrets() == ["canary-client", "canary-password", "K2canary-key", "canary-db"]


def test_secrets_leaves_out_what_is_not_set(tmp_path: Path) -> None:
    config = load_with(tmp_path, docebo={"grant": "client_credentials", "username": None, "password": None})

    assert config.secrets() == ["canary-client", "K2canary-key"]


REFUSED_SECRETS = {
    "base_url": "http://canary:canary@x/?canary",
    "client_id": "canary\x07canary",
    "client_secret": "canary\x07canary",
    "username": "canary\x07canary",
    "password": "canary\x07canary",
    "project_id": "canary canary",
    "management_key": "canary canary",
}


@pytest.mark.parametrize(("section", "key"), [(name, key) for name, keys in SECTIONS.items() for key in keys])
def test_a_refusal_never_shows_a_value(tmp_path: Path, section: str, key: str) -> None:
    values: tuple[Any, ...] = (["canary"], {"a": "canary"}, REFUSED_SECRETS[key])
    for value in values:
        with pytest.raises(ConfigError) as caught:
            load_with(tmp_path, **{section: {key: value}})

        assert "canary" not in f"{caught.value!r} {caught.value.fix}"
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None


def test_a_configuration_cannot_be_changed(tmp_path: Path) -> None:
    config = load_with(tmp_path)

    with pytest.raises(ValidationError):
        config.run.concurrency = 9  # type: ignore[misc]  # the point of the test


def test_the_mapping_can_be_used_alone() -> None:
    mapping = MappingConfig(login_id="username", attributes={"city": MappedAttribute(field="field_4")})

    assert (mapping.login_id, mapping.missing_email) == ("username", "reject")
    assert mapping.attributes["city"].field == "field_4"


def test_without_a_file_relative_paths_start_from_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    config = Config.model_validate(SECTIONS)

    assert config.path == Path("config.yaml")
    assert config.report.path == tmp_path / "reports"
    assert config.checkpoint.sqlalchemy_url.database == str(tmp_path / "migrator.db")


def test_a_text_attribute_is_its_field_as_it_was_before_there_were_types() -> None:
    """Otherwise every checkpoint of an older version would be refused for a changed mapping."""
    hired = {"field": "field_9", "type": "date"}
    mapping = MappingConfig.model_validate({"attributes": {"city": "field_4", "hired": hired}})

    assert '"attributes":{"city":"field_4","hired":{"field":"field_9","type":"date"}}' in mapping.to_json()


def test_equal_sections_have_equal_fingerprints() -> None:
    one = MappingConfig.model_validate({"attributes": {"a": "field_1", "b": "field_2"}})
    two = MappingConfig.model_validate({"attributes": {"b": {"field": "field_2", "type": "text"}, "a": "field_1"}})

    assert len(one.fingerprint()) == 64
    assert one.fingerprint() == two.fingerprint()
    assert (
        PolicyConfig(include=("expired", "active")).fingerprint()
        == PolicyConfig(include=("active", "expired")).fingerprint()
    )


@pytest.mark.parametrize(
    "changed",
    [
        {"login_id": "username"},
        {"extra_login_ids": ["username"]},
        {"missing_email": "synthesize", "synthesize_domain": "a.com"},
        {"phone_field": "field_1"},
        {"phone_region": "DE"},
        {"status": {"expired": "enabled"}},
        {"attributes": {"a": "field_1"}},
    ],
)
def test_every_change_of_the_mapping_changes_its_fingerprint(changed: dict[str, Any]) -> None:
    assert MappingConfig.model_validate(changed).fingerprint() != MappingConfig().fingerprint()


@pytest.mark.parametrize(
    "changed",
    [
        {"include": ["active"]},
        {"duplicate_email": "oldest"},
        {"existing": "link"},
        {"update": {"default": "target_wins"}},
    ],
)
def test_every_change_of_the_policy_changes_its_fingerprint(changed: dict[str, Any]) -> None:
    assert PolicyConfig.model_validate(changed).fingerprint() != PolicyConfig().fingerprint()
