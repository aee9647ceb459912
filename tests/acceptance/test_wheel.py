"""The installed wheel: it works from any folder, brings its migrations along, and needs no extras to start."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from packages import build

if TYPE_CHECKING:
    from world import Place

ROOT = Path(__file__).parents[2]
EXTRAS = ("psycopg", "starlette", "uvicorn", "httptools", "openapi_schema_validator", "python_multipart")
WITHOUT_EXTRAS = f"""
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {EXTRAS!r}:
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Absent())
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution and the wheel, built from the sources as they are."""
    return build(ROOT, tmp_path_factory.mktemp("built"))


@pytest.fixture(scope="module")
def wheel(built: tuple[Path, Path]) -> Path:
    """The wheel of them."""
    return built[1]


@pytest.fixture(scope="module")
def scripts(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of a fresh environment with the wheel; the dependencies are lent by ours."""
    folder = tmp_path_factory.mktemp("fresh")
    venv.create(folder, symlinks=True)
    (packages,) = folder.glob("lib/python*/site-packages")
    # A folder named in a .pth file lends its packages, but its own .pth files, our editable install, do not count.
    (packages / "lent.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    pip = (sys.executable, "-m", "pip", "--python", folder / "bin" / "python", "install", "--disable-pip-version-check")
    subprocess.run([*pip, "--no-deps", "--no-index", "--force-reinstall", "--quiet", wheel], check=True, timeout=120)
    assert (packages / "migrator" / "_migrations" / "versions").is_dir()
    return folder / "bin"


def call(scripts: Path, folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run the installed command in a folder that has nothing to do with the sources."""
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    return subprocess.run(
        [scripts / "migrator", *words],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=120, stdin=subprocess.DEVNULL,
    )  # fmt: skip


def files_below(folder: str) -> set[str]:
    """The files below a folder of the repository, without what Python and npm leave there."""
    left = re.compile(r"/(__pycache__|node_modules|\.\w+)/")
    paths = {str(path.relative_to(ROOT)) for path in (ROOT / folder).rglob("*") if path.is_file()}
    return {path for path in paths if not left.search(path)}


def test_the_wheel_holds_the_program_its_migrations_and_the_licence(wheel: Path) -> None:
    """Every module and every migration travels, and nothing else of the repository does."""
    with zipfile.ZipFile(wheel) as archive:
        names = set(archive.namelist())

    tops = {name.split("/")[0] for name in names}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"migrator"}
    for path in files_below("migrator"):
        assert path in names
    for path in files_below("migrations"):
        assert path.replace("migrations/", "migrator/_migrations/", 1) in names
    assert {"migrator/sandbox/descope/openapi.yaml", "migrator/_config.example.yaml"} <= names
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_the_source_distribution_holds_what_it_takes_to_build_and_to_test(built: tuple[Path, Path]) -> None:
    """Every source, test, page and example travels, and what the Makefile and the checks read beside them."""
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}

    wanted = {
        path for folder in ("migrator", "migrations", "tests", "docs", "examples") for path in files_below(folder)
    }
    tops = {path.name for path in ROOT.iterdir() if path.is_file() and not path.name.startswith(".")}
    assert {path for path in wanted if path not in names} == set()
    assert tops - {"config.yaml"} <= names
    assert {name for name in names if re.search(r"\.(db|log)$|__pycache__|node_modules", name)} == set()


def test_the_same_sources_give_the_same_bytes_anywhere_and_at_any_time(
    built: tuple[Path, Path], tmp_path: Path
) -> None:
    """Another folder, clock, time zone, language and umask change nothing; a date that is asked for is taken."""
    with tarfile.open(built[0]) as archive:
        archive.extractall(tmp_path, filter="data")
    (copy,) = tmp_path.iterdir()
    for path in copy.rglob("*"):
        os.utime(path, (981_173_106, 981_173_106))
        path.chmod(0o700 if path.is_dir() else 0o600)

    again = build(copy, tmp_path / "again", TZ="Pacific/Apia", LC_ALL="C", PYTHONHASHSEED="7")
    dated = [build(copy, tmp_path / name, SOURCE_DATE_EPOCH="1800000000") for name in ("one", "two")]

    assert [one.read_bytes() == other.read_bytes() for one, other in zip(built, again, strict=True)] == [True, True]
    assert [one.read_bytes() == other.read_bytes() for one, other in zip(*dated, strict=True)] == [True, True]
    with zipfile.ZipFile(dated[0][1]) as archive:
        assert {entry.date_time[0] for entry in archive.infolist()} == {2027}


def test_the_installed_wheel_migrates_from_any_folder(scripts: Path, place: Place) -> None:
    """`db upgrade` finds the migrations, and a run creates users."""
    place.sandbox.control.reset(users=5, difficult=0)

    upgrade = call(scripts, place.folder, "db", "upgrade")
    run = call(scripts, place.folder, "run", "--yes")

    assert upgrade.returncode == 0, upgrade.stderr
    current, head = (line.split()[1] for line in upgrade.stdout.splitlines())
    assert current == head
    assert run.returncode == 0, run.stderr
    assert len(place.targets()) == 5


def test_the_program_starts_without_the_extras(scripts: Path, wheel: Path, place: Place) -> None:
    """Help, schemas and a migration on SQLite need no extra; what needs one says how to install it and exits 2."""
    place.sandbox.control.reset(users=2, difficult=0)
    (packages,) = scripts.parent.glob("lib/python*/site-packages")
    blocker = packages / "sitecustomize.py"
    blocker.write_text(WITHOUT_EXTRAS, encoding="utf-8")
    try:
        assert call(scripts, place.folder, "--help").returncode == 0
        run = call(scripts, place.folder, "run", "--yes")
        schema = call(scripts, place.folder, "schema", "run")
        demo = call(scripts, place.folder, "demo")
        sandbox = call(scripts, place.folder, "sandbox")
        place.configure(checkpoint={"url": "postgresql+psycopg://somebody@127.0.0.1:1/nothing"})
        postgres = call(scripts, place.folder, "status")
    finally:
        blocker.unlink()

    assert run.returncode == 0, run.stderr
    assert json.loads(schema.stdout)["title"] == "run/1", schema.stderr
    assert demo.returncode == sandbox.returncode == postgres.returncode == 2
    for ended, extra in ((demo, "sandbox"), (sandbox, "sandbox"), (postgres, "postgres")):
        assert f"pip install {shlex.quote(f'{wheel}[{extra}]')}\n" in ended.stderr


def test_nc20_the_installed_wheel_writes_a_configuration(scripts: Path, tmp_path: Path) -> None:
    """Whoever was given the wheel alone gets the commented example from it."""
    missing = call(scripts, tmp_path, "check")
    written = call(scripts, tmp_path, "init")

    assert missing.returncode == 2
    assert "migrator init config.yaml" in missing.stderr
    assert written.returncode == 0, written.stderr
    assert (tmp_path / "config.yaml").read_bytes() == (ROOT / "config.example.yaml").read_bytes()
