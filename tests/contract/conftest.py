"""One sandbox process per test session, made new for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import requests
from docebo_calls import Docebo

from migrator.sandbox.process import SandboxProcess

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def sandbox_process() -> Iterator[SandboxProcess]:
    with SandboxProcess(users=0) as process:
        yield process


@pytest.fixture
def sandbox(sandbox_process: SandboxProcess) -> SandboxProcess:
    """A sandbox as `control.reset()` leaves it: 200 people of seed 1, no strangers, no faults."""
    sandbox_process.control.reset()
    return sandbox_process


@pytest.fixture
def http() -> Iterator[requests.Session]:
    """A client without proxies and .netrc."""
    with requests.Session() as session:
        session.trust_env = False
        yield session


@pytest.fixture
def docebo(sandbox: SandboxProcess, http: requests.Session) -> Docebo:
    """A client of the sandbox's Docebo side."""
    return Docebo(sandbox.docebo_url, http)
