"""Descope's management API on loopback, as docs/contract/descope.md describes it."""

from migrator.sandbox.descope.app import build
from migrator.sandbox.descope.store import MANAGEMENT_KEY, PROJECT_ID, Store
from migrator.sandbox.descope.switches import DescopeSwitches

__all__ = ["MANAGEMENT_KEY", "PROJECT_ID", "DescopeSwitches", "Store", "build"]
