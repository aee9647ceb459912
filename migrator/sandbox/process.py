"""Start the sandbox as its own process, so that it survives whatever happens to the program under test."""

from __future__ import annotations

import contextlib
import copy
import json
import select
import subprocess
import sys
from typing import TYPE_CHECKING, Any, Final, Self

import yaml

from migrator.sandbox.descope import MANAGEMENT_KEY, PROJECT_ID
from migrator.sandbox.docebo.credentials import CLIENT_ID, CLIENT_SECRET, PASSWORD, USERNAME
from migrator.sandbox.remote import Control

if TYPE_CHECKING:
    from types import TracebackType

__all__ = [
    "CLIENT_ID",
    "CLIENT_SECRET",
    "MANAGEMENT_KEY",
    "PASSWORD",
    "PROJECT_ID",
    "USERNAME",
    "SandboxProcess",
    "config_text",
]

_READY_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 10.0


class SandboxProcess:
    """Context manager around `python -m migrator.sandbox`.

    Attributes:
        docebo_url: base URL of the Docebo side.
        descope_url: base URL of the Descope side.
        control: client of the control API.

    Args:
        users, seed, difficult, strangers: see `world.Population`.

    Raises:
        RuntimeError: on entering, when the process does not become ready.
    """

    docebo_url: str
    descope_url: str
    control: Control

    def __init__(self, *, users: int = 200, seed: int = 1, difficult: float = 0.05, strangers: int = 0) -> None:
        self._command = [sys.executable, "-m", "migrator.sandbox", "--exit-with-stdin"]
        self._command += [f"--users={users}", f"--seed={seed}"]
        self._command += [f"--difficult={difficult}", f"--strangers={strangers}"]

    def __enter__(self) -> Self:
        # Its standard input is a pipe from us: when we die in any way, the sandbox sees the end of it.
        self._process = subprocess.Popen(  # noqa: S603 -- our own interpreter and module
            self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
        )
        try:
            urls = json.loads(self._ready_line())
        except BaseException:
            self._stop()
            raise
        self.docebo_url, self.descope_url = urls["docebo"], urls["descope"]
        self.control = Control(urls["control"])
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.control.close()
        self._stop()

    @property
    def pid(self) -> int:
        """Id of the sandbox's process."""
        return self._process.pid

    def config_text(self, **overrides: dict[str, Any]) -> str:
        """`config_text` for this sandbox."""
        return config_text(self.docebo_url, self.descope_url, **overrides)

    def _ready_line(self) -> bytes:
        out = self._process.stdout
        if out is None:  # pragma: no cover -- Popen was asked for a pipe
            raise RuntimeError("The sandbox has no output.")
        readable, _, _ = select.select([out], [], [], _READY_SECONDS)
        line = out.readline() if readable else b""
        if not line:
            raise RuntimeError("The sandbox did not start; see its own message above.")
        return line

    def _stop(self) -> None:
        process = self._process
        with process:  # closes the pipes and collects the exit status
            process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(_STOP_SECONDS)
            if process.poll() is None:
                process.kill()


def config_text(docebo_url: str, descope_url: str, **overrides: dict[str, Any]) -> str:
    """A complete configuration of the migrator for a sandbox, as YAML.

    Args:
        docebo_url: base URL of the Docebo side.
        descope_url: base URL of the Descope side.
        overrides: per section, values that replace ours; mappings inside are replaced whole.
    """
    sections = copy.deepcopy(_SECTIONS)
    sections["docebo"]["base_url"] = docebo_url
    sections["descope"]["base_url"] = descope_url
    for section, values in overrides.items():
        sections[section] |= values
    return yaml.safe_dump(sections, sort_keys=False, allow_unicode=True)


_SECTIONS: Final[dict[str, dict[str, Any]]] = {
    "docebo": {
        "base_url": "",
        "grant": "password",
        "client_id": CLIENT_ID,
        "client_secret": CLIENT_SECRET,
        "username": USERNAME,
        "password": PASSWORD,
        "page_size": 200,
        "calls_per_hour": 0,
        "sweeps": "settle",
    },
    "descope": {
        "project_id": PROJECT_ID,
        "management_key": MANAGEMENT_KEY,
        "base_url": "",
        "batch_size": 100,
        "rate_limits": "none",
    },
    "checkpoint": {"url": "sqlite:///migrator.db", "keep_profiles": "until_done"},
    "mapping": {
        "login_id": "email",
        "extra_login_ids": [],
        "missing_email": "reject",
        "phone_field": None,
        "phone_region": None,
        "status": {"active": "enabled", "suspended": "disabled", "expired": "disabled"},
        "attributes": {},
        "tenants": [],
        "roles": [],
    },
    "policy": {
        "include": ["active", "suspended", "expired"],
        "duplicate_email": "conflict",
        "existing": "conflict",
        "update": {"default": "source_wins"},
    },
    "run": {"concurrency": 4, "max_errors": None},
    "report": {"dir": "reports"},
}
