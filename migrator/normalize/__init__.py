"""Raw Docebo records to Descope users: pure, total, no I/O, no clock."""

from __future__ import annotations

from migrator.core.login_ids import login_key
from migrator.normalize.mapping import Normalizer

__all__ = ["Normalizer", "login_key"]
