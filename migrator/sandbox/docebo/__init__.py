"""A Docebo platform on loopback: token endpoint, session, user list, additional fields, branches and groups."""

from __future__ import annotations

from migrator.sandbox.docebo.app import build
from migrator.sandbox.docebo.platform import Platform
from migrator.sandbox.docebo.switches import DoceboSwitches

__all__ = ["DoceboSwitches", "Platform", "build"]
