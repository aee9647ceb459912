"""One project for the tests of a file, fresh for every test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from descope_sandbox import World, running

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="session")
def descope_server() -> Iterator[World]:
    """A project on a real socket."""
    with running() as world:
        yield world


@pytest.fixture
def world(descope_server: World) -> World:
    """A fresh project with default switches."""
    descope_server.refresh()
    return descope_server
