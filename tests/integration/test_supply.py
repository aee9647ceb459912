"""`make sbom` and `make audit`: what is in the program, and what is known to be wrong with it."""

from __future__ import annotations

import json
import os
import socket
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest
from audit import tell
from licenses import ROOT, pinned
from raw_server import Server, reply

if TYPE_CHECKING:
    from pathlib import Path

PYTHON = ROOT / "build" / "supply" / "bin" / "python"
CLEAN = reply(body=b"{}")
FOUND = {
    "id": "PYSEC-2026-1",
    "summary": "made up",
    "affected": [
        {
            "package": {"name": "accessible-pygments", "ecosystem": "PyPI"},
            "ranges": [{"type": "ECOSYSTEM", "events": [{"introduced": "0"}, {"fixed": "9.9"}]}],
        }
    ],
}


def make_sbom(file: Path, **environment: str) -> dict[str, Any]:
    """Make the SBOM as `make sbom` does, which checks it against the schema of CycloneDX."""
    command = ("make", "--silent", "sbom", f"SBOM={file}")
    subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=True, timeout=120)
    document: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return document


def audit(file: Path, port: int) -> subprocess.CompletedProcess[str]:
    """Audit as `make audit` does, but ask the service at this port."""
    assert PYTHON.exists(), "The tools are not installed: make audit installs them."
    service = ("--vulnerability-service", "osv", "--osv-url", f"http://127.0.0.1:{port}/v1/query")
    command = [str(PYTHON), str(ROOT / "tests" / "support" / "audit.py"), str(file), *service]
    direct = os.environ | {"no_proxy": "127.0.0.1"}
    return subprocess.run(command, env=direct, check=False, capture_output=True, text=True, timeout=120)


def test_the_sbom_has_every_package_that_is_pinned(tmp_path: Path) -> None:
    """Each version of `requirements.lock` is a component of the program, with its hashes."""
    document = make_sbom(tmp_path / "sbom.json")

    assert document["bomFormat"] == "CycloneDX"
    assert document["metadata"]["component"]["name"] == "docebo-descope-migrator"
    assert sorted((one["name"], one["version"]) for one in document["components"]) == sorted(pinned())
    assert all(one["externalReferences"][0]["hashes"] for one in document["components"])


def test_the_sbom_is_the_same_twice(tmp_path: Path) -> None:
    """Another time zone, language and order of hashing change no byte, so that a stranger can make it again."""
    make_sbom(tmp_path / "first.json", PYTHONHASHSEED="1")
    make_sbom(tmp_path / "second.json", PYTHONHASHSEED="2", TZ="Asia/Tokyo", LC_ALL="C")

    assert (tmp_path / "first.json").read_bytes() == (tmp_path / "second.json").read_bytes()


def test_an_audit_asks_for_every_package_of_this_machine_and_finds_nothing() -> None:
    """The service hears of each pinned package that this Python installs, and the audit passes."""
    with closing(Server(CLEAN)) as service:
        done = audit(ROOT / "requirements.hashes", service.port)

    asked = {json.loads(one.partition(b"\r\n\r\n")[2])["package"]["name"] for one in service.requests}
    assert done.returncode == 0, done.stderr
    assert set(dict(pinned())) - asked <= {"tzdata", "pyyaml-ft"}
    assert done.stdout == f"{len(asked)} packages audited, 0 with a known vulnerability.\n"


def test_a_known_vulnerability_fails_the_audit() -> None:
    """It names the package, the advisory and the version that corrects it."""
    with closing(Server(reply(body=json.dumps({"vulns": [FOUND]}).encode()), CLEAN)) as service:
        done = audit(ROOT / "requirements.hashes", service.port)

    assert done.returncode == 1
    assert "accessible-pygments 0.0.5: PYSEC-2026-1, corrected in 9.9\n" in done.stdout
    assert "1 with a known vulnerability" in done.stdout


@pytest.mark.parametrize("answer", [None, reply(503, b"")], ids=["nobody", "error"])
def test_a_service_that_cannot_be_asked_is_said_and_fails_nothing(answer: bytes | None) -> None:
    """Without the network, the audit is not passed off as one that found nothing."""
    if answer is None:
        with socket.create_server(("127.0.0.1", 0)) as bound:
            port = bound.getsockname()[1]
        done = audit(ROOT / "requirements.hashes", port)
    else:
        with closing(Server(answer)) as service:
            done = audit(ROOT / "requirements.hashes", service.port)

    assert (done.returncode, done.stdout) == (
        0,
        "Not audited: the service that knows of vulnerabilities cannot be reached.\n",
    )


def test_packages_of_which_the_service_has_no_data_are_said(capsys: pytest.CaptureFixture[str]) -> None:
    """What is not looked at is not counted as audited."""
    unknown = {"name": "six", "skip_reason": "Dependency not found"}
    clean = {"name": "idna", "version": "3.20", "vulns": []}

    assert tell([unknown]) == 0
    assert capsys.readouterr().out == "Not audited: the service has no data of 1 of 1 packages.\n"
    assert tell([unknown, clean]) == 0
    assert capsys.readouterr().out == (
        "Not audited: the service has no data of 1 of 2 packages.\n1 packages audited, 0 with a known vulnerability.\n"
    )


def test_an_audit_of_something_that_is_no_lock_fails(tmp_path: Path) -> None:
    """A file without hashes is not taken for a service that does not answer."""
    (tmp_path / "loose.txt").write_text("six\n", encoding="utf-8")
    with closing(Server(CLEAN)) as service:
        done = audit(tmp_path / "loose.txt", service.port)

    assert done.returncode != 0
    assert "six" in done.stderr
