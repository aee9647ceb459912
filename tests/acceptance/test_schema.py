"""Every JSON document names its schema, and is as `migrator schema` says (docs/decisions/0033)."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator

if TYPE_CHECKING:
    from world import Place

PRINTED = {
    "run --yes": "run/1",
    "plan": "run/1",
    "report": "run/1",
    "status": "status/1",
    "status --signed-in": "status/1",
    "runs": "runs/1",
    "show WHO": "show/1",
    "show WHO --fresh": "show/1",
    "verify": "verify/1",
    "verify --sample 2 --seed 1": "verify/1",
    "resume": "control/1",
    "pause": "error/1",  # there is no run to pause
    "check": "check/1",
    "db current": "db/1",
    "db upgrade": "db/1",
    "init other.yaml": "init/1",
    "explain no_email": "explain/1",
    "explain": "codes/1",
    "estimate --users 10": "estimate/1",
    "schema": "schemas/1",
    "undo --dry-run": "undo/1",
    "undo --yes": "undo/1",
    "purge --yes": "purge/1",
}


def schema_of(place: Place, name: str) -> dict[str, Any]:
    """What `migrator schema NAME` prints."""
    ended = place.forked("schema", name)
    assert (ended.code, ended.err) == (0, "")
    schema: dict[str, Any] = json.loads(ended.out)
    return schema


def check_kept(document: dict[str, Any], schema: dict[str, Any]) -> None:
    """The document is as the schema says, with any further key, and without none of those required."""
    validator = Draft202012Validator(schema)
    validator.validate(document)
    validator.validate(document | {"key_of_a_later_version": {}})
    for key in schema["required"]:
        assert not validator.is_valid({name: value for name, value in document.items() if name != key}), key
    assert not validator.is_valid(document | {"schema": "another/1"})


def test_each_command_names_the_schema_of_its_document_and_keeps_it(place: Place) -> None:
    """With difficult people among them, from the first run to the purge; the listed schemas are those printed."""
    place.sandbox.control.reset(users=30, difficult=0.2, strangers=3)
    schemas = {name: schema_of(place, name) for name in (*PRINTED.values(), "sandbox/1")}
    who = place.sources()[0]["user_id"]
    printed = {words: place.forked(*words.replace("WHO", who).split(), "--json").document for words in PRINTED}
    sandbox = sandbox_document(place)

    assert {words: document["schema"] for words, document in printed.items()} == PRINTED
    assert sandbox["schema"] == "sandbox/1"
    for document in (*printed.values(), sandbox):
        check_kept(document, schemas[document["schema"]])
    assert [one["name"] for one in printed["schema"]["schemas"]] == [
        line.split()[0] for line in place.forked("schema").out.splitlines() if line[0] != " "
    ]
    assert {one["name"] for one in printed["schema"]["schemas"]} == schemas.keys()


def sandbox_document(place: Place) -> dict[str, Any]:
    """What `migrator sandbox` prints before it serves."""
    serving = place.start("sandbox", "--users", "1", "--json")
    assert serving.stdout is not None
    text = ""
    for line in serving.stdout:
        text += line
        if line == "}\n":
            break
    document: dict[str, Any] = json.loads(text)
    return document


@pytest.mark.parametrize("ending", ["complete", "stopped"])
def test_summary_json_is_the_document_of_the_run(place: Place, ending: str) -> None:
    """It names the same schema and keeps it, whether the run came to its end or not; the report's does, too."""
    place.sandbox.control.reset(users=10, difficult=0)
    if ending == "stopped":
        place.sandbox.control.set_faults({"kind": "status", "path": "create/batch", "params": {"code": 403}})

    ran = place.forked("run", "--yes", "--json").document
    summary = json.loads((place.folder / "reports" / "summary.json").read_text(encoding="utf-8"))
    again = place.forked("report", "--json").document
    rewritten = json.loads((place.folder / "reports" / "summary.json").read_text(encoding="utf-8"))

    assert ran["outcome"] == ending
    assert summary["schema"] == "run/1"
    assert again == rewritten
    for document in (ran, summary, rewritten):
        check_kept(document, schema_of(place, "run"))


def test_a_name_without_its_number_is_the_same(place: Place) -> None:
    """No configuration is needed, and --json changes nothing: a schema is JSON as it is."""
    place.config_path.unlink()

    assert place.forked("schema", "run").out == place.forked("schema", "run/1", "--json").out


@pytest.mark.parametrize("name", ["plan", "run/2", "RUN", "/1", ""])
def test_an_unknown_name_is_refused_with_the_names_there_are(place: Place, name: str) -> None:
    ended = place.forked("schema", name, "--json")

    assert (ended.code, ended.document["schema"]) == (2, "error/1")
    for known in place.forked("schema", "--json").document["schemas"]:
        assert known["name"] in ended.document["error"]["fix"]
