"""What decides, beside record and mapping, which user a record becomes: our code and the libraries' tables."""

from __future__ import annotations

import hashlib
import sys
import unicodedata
from functools import cache
from importlib import metadata
from pathlib import Path

_ROOT = Path(__file__).parents[1]
_PARTS = ("core", "docebo/record.py", "normalize")
_LIBRARIES = ("email-validator", "google-re2", "idna", "phonenumbers")


@cache
def code_fingerprint() -> str:
    """SHA-256 as 64 hex digits; another one after any change of the code that normalizes, or of what it relies on."""
    told = [sys.version, unicodedata.unidata_version, *(f"{name} {metadata.version(name)}" for name in _LIBRARIES)]
    found = hashlib.sha256("\n".join(told).encode())
    for part in _PARTS:
        path = _ROOT / part
        for source in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            found.update(source.read_bytes())
    return found.hexdigest()
