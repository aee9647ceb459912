"""Configuration files as YAML: what is refused, and how variables are replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml
from config_files import ENV, SECTIONS, load_text, load_with, refusal, refusal_with

from migrator.config.schema import load_config
from migrator.core.errors import ConfigError

if TYPE_CHECKING:
    from pathlib import Path


def test_a_missing_file_points_at_the_example(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="There is no configuration file") as caught:
        load_config(tmp_path / "config.yaml", ENV)

    assert "migrator init" in caught.value.fix


def test_a_folder_is_refused_with_the_reason(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        load_config(tmp_path, ENV)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param(b"a: 1\nb: \xff\n", "config.yaml line 2: the text is not UTF-8.", id="latin-1"),
        pytest.param("a: 1\n".encode("utf-16"), "config.yaml line 1: the text is not UTF-8.", id="utf-16"),
        pytest.param("a: 1\nb: \x1b[31m\n", "config.yaml line 2: control characters are not allowed.", id="escape"),
        pytest.param("a: 1\nb: [1\nc: 2\n", "config.yaml line 3: this is not YAML", id="syntax"),
        pytest.param("\tdocebo: 1\n", "config.yaml line 1: this is not YAML", id="tab"),
        pytest.param("", "config.yaml line 1: the file must contain the sections", id="empty"),
        pytest.param("# nothing\n", "config.yaml line 1: the file must contain the sections", id="only comments"),
        pytest.param("- a\n- b\n", "config.yaml line 1: the file must contain the sections", id="a list"),
        pytest.param("hello\n", "config.yaml line 1: the file must contain the sections", id="a text"),
        pytest.param("a: " + "[" * 100_000, "config.yaml line 1: nested more than 16 levels deep.", id="deep"),
        pytest.param("#" * (1024 * 1024 + 1), "config.yaml is larger than 1 MiB.", id="large"),
        pytest.param("#" * (10 * 1024 * 1024), "config.yaml is larger than 1 MiB.", id="10 MiB"),
    ],
)
def test_what_is_no_configuration_at_all_is_refused(tmp_path: Path, text: str | bytes, expected: str) -> None:
    assert expected in refusal(tmp_path, text)


def test_a_byte_order_mark_is_no_error(tmp_path: Path) -> None:
    assert load_text(tmp_path, b"\xef\xbb\xbf" + yaml.safe_dump(SECTIONS).encode()).docebo.client_id == "migrator"


def test_a_syntax_error_does_not_quote_the_line(tmp_path: Path) -> None:
    assert "canary" not in refusal(tmp_path, "docebo:\n  password: canary: secret\n")


SURPRISES = [
    "yes", "no", "on", "off", "y", "n", "Yes", "NO", "On", "OFF", "Y", "N", "True", "TRUE", "False", "Null",
    "NULL", "012", "-012", "089", "0o17", "0x1F", "0b11", "1_000", "12:30", "190:20:30", "2026-01-31",
    "2026-01-31T10:00:00Z", ".inf", "-.INF", ".nan", ".NaN", "1.", ".5", "+5", "1e3", "1.5e3", "<<", "=",
]  # fmt: skip


@pytest.mark.parametrize("value", SURPRISES)
def test_a_plain_value_that_yaml_would_change_must_be_quoted(tmp_path: Path, value: str) -> None:
    text = f"{yaml.safe_dump(SECTIONS)}mapping:\n  phone_region: {value}\n"
    line = text.count("\n")

    message = refusal(tmp_path, text)

    assert message.startswith(f"config.yaml line {line}: mapping.phone_region: ")
    assert "write it in quotes, or as true or false" in message


@pytest.mark.parametrize("key", [*SURPRISES, "true", "null", "~", "5", "1.5"])
def test_a_plain_key_that_yaml_would_change_must_be_quoted(tmp_path: Path, key: str) -> None:
    text = f"{yaml.safe_dump(SECTIONS)}mapping:\n  attributes:\n    {key}: field_1\n"

    message = refusal(tmp_path, text)

    assert f"config.yaml line {text.count(chr(10))}: mapping.attributes.{key}: this key" in message
    assert "write it in quotes" in message


def test_quoted_surprises_are_what_they_look_like(tmp_path: Path) -> None:
    config = load_with(tmp_path, mapping={"phone_region": "NO", "attributes": {"no": "field_1", "012": "field_2"}})

    assert config.mapping.phone_region == "NO"
    fields = {name: one.field for name, one in config.mapping.attributes.items()}
    assert fields == {"no": "field_1", "012": "field_2"}


@pytest.mark.parametrize("null", ["null", "~", ""])
def test_null_has_three_spellings(tmp_path: Path, null: str) -> None:
    text = f"{yaml.safe_dump(SECTIONS)}run:\n  max_errors: {null}\n"

    assert load_text(tmp_path, text).run.max_errors is None


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        pytest.param("run: {concurrency: 1, concurrency: 2}", "run.concurrency: is already set on line 1", id="key"),
        pytest.param("run: {}\nrun: {}", "run: is already set on line 1", id="section"),
        pytest.param('run: {"concurrency": 1, concurrency: 2}', "is already set on line 1", id="quoted twin"),
        pytest.param("run: &a {concurrency: 1}", "run: anchors (&) are not allowed", id="anchor"),
        pytest.param("run: {concurrency: &a 1}", "run.concurrency: anchors (&) are not allowed", id="anchored value"),
        pytest.param("report: {dir: *a}", "report.dir: aliases (*) are not allowed", id="alias"),
        pytest.param("report: {dir: !!str a}", "report.dir: tags (!) are not allowed", id="tag"),
        pytest.param("report: {dir: ! a}", "report.dir: tags (!) are not allowed", id="bare tag"),
        pytest.param("report: !!python/object:os.system {}", "report: tags (!) are not allowed", id="python tag"),
        pytest.param("report: {!!str dir: a}", "report.dir: tags (!) are not allowed", id="tagged key"),
        pytest.param("run: {<<: {concurrency: 1}}", "run.<<: this key is not plain text", id="merge key"),
        pytest.param("run: {[a, b]: 1}", "run: keys must be plain names", id="list as a key"),
        pytest.param("run: {? {a: 1} : 1}", "run: keys must be plain names", id="mapping as a key"),
        pytest.param("run: {*a : 1}", "run: keys must be plain names", id="alias as a key"),
        pytest.param("run: {}\n---\nreport: {}", "a second document (---) is not allowed", id="two documents"),
    ],
)
def test_yaml_beyond_plain_mappings_is_refused(tmp_path: Path, section: str, expected: str) -> None:
    assert expected in refusal(tmp_path, f"{section}\n")


def test_a_second_document_is_the_only_complaint_about_its_file(tmp_path: Path) -> None:
    assert refusal(tmp_path, "hello\n---\na: 1\n") == "config.yaml line 2: a second document (---) is not allowed"


def test_an_alias_bomb_is_refused_at_once(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [{f'*a{n - 1}, ' * 9}x]\n" for n in range(1, 30))

    assert "aliases (*) are not allowed" in refusal(tmp_path, bomb)


def test_an_unknown_key_names_the_known_ones(tmp_path: Path) -> None:
    message = refusal_with(tmp_path, run={"concurency": 2}, extra={"a": 1})

    assert "run.concurency: is not a known key; known keys are concurrency, max_errors" in message
    assert "extra: is not a known key; known keys are docebo, descope, checkpoint," in message


def test_a_key_cannot_disturb_the_terminal(tmp_path: Path) -> None:
    message = refusal(tmp_path, f'{yaml.safe_dump(SECTIONS)}"\\e[31m\\u202e": 1\n')

    assert message.isprintable()


def test_variables_are_replaced_inside_any_text(tmp_path: Path) -> None:
    config = load_with(tmp_path, {**ENV, "HOST": "acme", "DIR": "out"}, docebo={"base_url": "https://${HOST}.com"},
                       report={"dir": "a-${DIR}-${DIR}"})  # fmt: skip

    assert config.docebo.base_url == "https://acme.com"
    assert config.report.path == tmp_path / "a-out-out"


def test_two_dollars_write_a_plain_one(tmp_path: Path) -> None:
    assert load_with(tmp_path, report={"dir": "$${DIR}$x$"}).report.path == tmp_path / "${DIR}$x$"


def test_what_a_variable_holds_is_not_read_as_yaml_or_as_a_variable(tmp_path: Path) -> None:
    config = load_with(tmp_path, {**ENV, "DOCEBO_PASSWORD": "no: ${DOCEBO_CLIENT_SECRET} # *a"})

    assert config.docebo.password is not None
    assert config.docebo.password.get_secret_value() == "no: ${DOCEBO_CLIENT_SECRET} # *a"


def test_all_missing_variables_are_named_together(tmp_path: Path) -> None:
    text = "docebo:\n  client_secret: ${A}${B}\n  password: ${C}\n"

    with pytest.raises(ConfigError) as caught:
        load_text(tmp_path, text, {})

    lines = caught.value.message.replace(f"{tmp_path}/", "").splitlines()
    assert "config.yaml line 2: docebo.client_secret: the environment variable A is not set" in lines
    assert "config.yaml line 2: docebo.client_secret: the environment variable B is not set" in lines
    assert "config.yaml line 3: docebo.password: the environment variable C is not set" in lines
    assert "export NAME=value" in caught.value.fix


@pytest.mark.parametrize("value", ["${}", "${A B}", "${A", "${1}", "a${"])
def test_a_broken_variable_is_refused(tmp_path: Path, value: str) -> None:
    assert "report.dir: ${ needs a variable's name and }" in refusal_with(tmp_path, report={"dir": value})


@pytest.mark.parametrize("name", ["DOCEBO_CLIENT_SECRET", "DOCEBO_PASSWORD", "DESCOPE_MANAGEMENT_KEY"])
def test_an_empty_variable_for_a_secret_is_refused(tmp_path: Path, name: str) -> None:
    message = refusal_with(tmp_path, {**ENV, name: ""})

    assert f"(the value comes from the environment: {name})" in message
