"""examples/terraform names only what the provider documents; terraform_provider beside this file quotes its pages."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from terraform import Module, mistakes, read_documentation, read_module, references, secrets_of

from migrator.config.schema import MappingConfig
from migrator.descope.attribute_value import AttributeType
from migrator.flow.plan.project_attributes import needed_attributes

EXAMPLE = Path(__file__).parents[2] / "examples" / "terraform"
PAGES = Path(__file__).parent / "terraform_provider"
DOCUMENTED = {page.stem: read_documentation(page) for page in PAGES.glob("*.md")}
TYPES: dict[int, str] = {AttributeType.TEXT: "string", AttributeType.BOOLEAN: "boolean"}
TEXT = "\n".join(path.read_text(encoding="utf-8") for path in sorted(EXAMPLE.glob("*.tf")))
MODULE = read_module(TEXT)
ROLE = 'resource "descope_role" "one" {{\n  project_id = "P2"\n  {}\n}}'
CONNECTOR = (
    'resource "descope_http_connector" "one" {{\n  name = "n"\n  project_id = "P2"\n  base_url = "https://h"\n  {}\n}}'
)
KEY = 'resource "descope_management_key" "one" {{\n  name = "n"\n  {}\n}}'


def mistakes_of(module: Module) -> list[str]:
    """What the provider would refuse in any resource of a module."""
    return [
        f"{kind}.{name}: {error}"
        for (kind, name), body in module.resources.items()
        for error in mistakes(body, DOCUMENTED[kind.removeprefix("descope_")])
    ]


def test_every_page_says_where_it_comes_from_and_has_attributes() -> None:
    """Repository, path and commit stand at the top, and each page is of a resource that the example uses."""
    origin = re.compile(r"# (\w+)\n\nFrom [\w-]+/[\w-]+, docs/resources/\w+\.md, commit\n[0-9a-f]{40}: ")

    heads = {page.stem: origin.match(page.read_text(encoding="utf-8")) for page in PAGES.glob("*.md")}

    assert {f"descope_{stem}" for stem in heads} == {kind for kind, _ in MODULE.resources}
    assert [stem for stem, head in heads.items() if head is None or head[1] != f"descope_{stem}"] == []
    assert all(DOCUMENTED.values())


def test_every_attribute_of_the_example_is_documented() -> None:
    """Each one exists under this name and kind, can be set, and none that is required is left out."""
    assert mistakes_of(MODULE) == []


def test_the_example_has_all_that_surrounds_the_flow_and_nothing_that_was_never_exported() -> None:
    """Connectors, attributes, a role, the OIDC application and a key; no flow and no import of one."""
    assert {kind.removeprefix("descope_") for kind, _ in MODULE.resources} == {
        "docebo_connector",
        "http_connector",
        "management_key",
        "oidc_app",
        "role",
        "user_attribute",
    }
    assert "import" not in MODULE.blocks


def test_every_secret_is_a_sensitive_variable_and_every_output_of_one_is_hidden() -> None:
    """None is written down, and Terraform shows none."""
    secrets = {
        f"{kind}.{name}.{path}": value
        for (kind, name), body in MODULE.resources.items()
        for path, value in secrets_of(body, DOCUMENTED[kind.removeprefix("descope_")])
    }
    variables = {path: re.fullmatch(r"\$\{var\.(\w+)\}", str(value)) for path, value in secrets.items()}

    assert secrets
    assert [
        path for path, one in variables.items() if one is None or not MODULE.variables[one[1]].get("sensitive")
    ] == []
    for output in MODULE.outputs.values():
        kinds = [kind_of(reference) for reference in references(output["value"]) if not reference.startswith("var.")]
        assert bool(output.get("sensitive")) == any("Sensitive" in kind for kind in kinds)


def kind_of(reference: str) -> str:
    """The documented kind of `descope_role.learner.name`."""
    kind, name, attribute = reference.split(".")
    assert (kind, name) in MODULE.resources
    return DOCUMENTED[kind.removeprefix("descope_")][attribute].kind


def test_every_variable_is_used_and_every_used_one_is_there() -> None:
    used = {one.removeprefix("var.") for one in re.findall(r"\bvar\.\w+", TEXT)}

    assert used == MODULE.variables.keys()
    assert [name for name, body in MODULE.variables.items() if not body.get("description")] == []


def test_the_attributes_are_those_that_the_program_needs_with_their_types() -> None:
    """A definition of another type would stop `check`, `plan` and `run`."""
    types = dict(
        re.findall(r'^    (\w+) += "(\w+)"$', TEXT.partition("attributes = {")[2].partition("}")[0], re.MULTILINE)
    )
    needed = {name: TYPES[one.kind] for name, one in needed_attributes(MappingConfig()).items()}

    assert needed == types


def test_certificates_are_checked_and_logins_travel_over_https_alone() -> None:
    connector = MODULE.resources["descope_http_connector", "migrator"]

    assert "insecure" not in connector
    assert 'startswith(var.migrator_url, "https://")' in TEXT


@pytest.mark.parametrize(
    ("text", "mistake"),
    [
        (ROLE.format('name = "n"'), []),
        (
            ROLE.format('title = "n"'),
            ["descope_role.one: name: is missing", "descope_role.one: title: no such attribute"],
        ),
        (ROLE.format('name = "n"\n  id = "r"'), ["descope_role.one: id: cannot be set"]),
        (ROLE.format('name = "n"\n  private = "yes"'), ["descope_role.one: private: is no Boolean"]),
        (ROLE.format('name = "n"\n  permissions = "all"'), ["descope_role.one: permissions: is no Set of String"]),
        (
            CONNECTOR.format('authentication = {\n    bearer = "t"\n  }'),
            ["descope_http_connector.one: authentication.bearer: no such attribute"],
        ),
        (
            KEY.format('rebac = {\n    project_roles = [{\n      roles = ["r"]\n    }]\n  }'),
            ["descope_management_key.one: rebac.project_roles.project_ids: is missing"],
        ),
        (KEY.format('rebac = "all"'), ["descope_management_key.one: rebac: is no Attributes"]),
    ],
)
def test_a_mistake_is_found(text: str, mistake: list[str]) -> None:
    """A name that does not exist, a required one left out, one that cannot be set, and a value of another kind."""
    assert mistakes_of(read_module(text)) == mistake
