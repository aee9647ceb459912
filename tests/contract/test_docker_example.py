"""examples/docker: the Dockerfile is read by a parser and a linter, and its promises are tried without a builder."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from dockerfile_parse import DockerfileParser
from packages import build

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "examples" / "docker" / "Dockerfile"
IGNORED = DOCKERFILE.with_name("Dockerfile.dockerignore")
BIN = Path(sys.executable).parent
PARSED = DockerfileParser(str(DOCKERFILE), cache_content=True)
CONTEXT_COPY = re.compile(r"(?!--from=)(.+) \S+")


@dataclass(frozen=True, slots=True)
class Instruction:
    """One instruction, such as COPY, with its whole value, and the number of its stage; 0 before the first FROM."""

    word: str
    value: str
    stage: int


def instructions() -> list[Instruction]:
    """All of them, in order, comments left out."""
    found: list[Instruction] = []
    stage = 0
    for one in PARSED.structure:
        stage += one["instruction"] == "FROM"
        if one["instruction"] != "COMMENT":
            found.append(Instruction(one["instruction"], one["value"], stage))
    return found


def values(word: str, stage: int | None = None) -> list[str]:
    """The values of one kind of instruction, in one stage or all."""
    return [one.value for one in instructions() if one.word == word and stage in {None, one.stage}]


def copied() -> list[str]:
    """What the image takes from the build's context."""
    found = [CONTEXT_COPY.fullmatch(value) for value in values("COPY")]
    return [name for match in found if match for name in match[1].split()]


def test_hadolint_finds_nothing() -> None:
    """Neither an error nor a hint of style."""
    ended = subprocess.run(
        [BIN / "hadolint", "--failure-threshold", "style", DOCKERFILE], capture_output=True, text=True, check=False
    )

    assert (ended.returncode, ended.stdout) == (0, "")


def test_the_image_has_two_stages_of_one_pinned_base_and_ends_as_nobody_special() -> None:
    """No tool of the build is in it, its base has a version, and its user is a number other than 0."""
    assert len(PARSED.parent_images) == 2
    assert {re.fullmatch(r"python:3\.\d+-slim-\w+", image) is not None for image in PARSED.parent_images} == {True}
    assert values("FROM", 2) == ["${BASE}"]
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", values("USER", 2)[-1])
    assert values("COPY", 2) == ["--from=build /opt/migrator /opt/migrator"]
    last = [one.word for one in instructions()]
    assert not {"RUN", "COPY"} & set(last[last.index("USER") :])


def test_the_program_is_process_1_and_shows_its_help() -> None:
    """The form with brackets starts no shell, which would keep signals from it."""
    assert [json.loads(value) for value in values("ENTRYPOINT")] == [["migrator"]]
    assert [json.loads(value) for value in values("CMD")] == [["--help"]]


def test_nothing_is_fetched_by_address_and_no_layer_can_hold_a_secret() -> None:
    """No ADD; no variable or argument for a secret; the builder is sent only what the image is made of."""
    assert values("ADD") == []
    assert re.search(r"https?:|curl|wget|git ", "\n".join(one.value for one in instructions())) is None
    assert [value for value in values("ARG") + values("ENV") if re.search("SECRET|PASSWORD|KEY|TOKEN", value)] == []
    lines = [line for line in IGNORED.read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert lines[0] == "*"
    assert sorted(line.removeprefix("!") for line in lines if line.startswith("!")) == sorted(copied())


def test_what_the_build_copies_is_enough_to_build_from(tmp_path: Path) -> None:
    """A wheel comes out of exactly these files, the same as of the whole repository."""
    for name in copied():
        source, target = ROOT / name, tmp_path / "context" / name
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            target.parent.mkdir(exist_ok=True)
            shutil.copy(source, target)

    _, wheel = build(tmp_path / "context", tmp_path / "one")
    _, expected = build(ROOT, tmp_path / "other")

    assert wheel.read_bytes() == expected.read_bytes()


def test_nothing_but_the_data_folder_and_the_one_for_temporary_files_is_written(tmp_path: Path) -> None:
    """A whole migration goes through on a root file system that is read-only."""
    data = tmp_path / "data"
    data.mkdir()
    shell = (
        f"mount --bind {data} {data} && mount -o remount,ro,bind / && cd {data} || exit 99\n"
        f"touch {ROOT}/written 2>/dev/null && exit 98\n"
        f"exec {BIN}/migrator demo --users 30 --json"
    )
    unshare = shutil.which("unshare")
    if unshare is None:
        pytest.skip("needs unshare")

    ended = subprocess.run(
        [unshare, "--map-root-user", "--mount", "sh", "-c", shell],
        env=os.environ | {"TMPDIR": str(data), "HOME": "/nonexistent"},
        capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip

    if ended.returncode in {98, 99} or ended.stderr.startswith("unshare:"):
        pytest.skip("this machine lets nobody mount, or keeps the sources on another file system")
    assert ended.returncode == 0, ended.stderr
    assert json.loads(ended.stdout)["counts"]["found"] == 30
    assert (data / "demo" / "migrator.db").is_file()
