"""Wait for something that must happen, without guessing how long it takes."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

_BREATH = threading.Event()  # never set: others need the processor between two looks


def until(look: Callable[[], T | None], seconds: float = 60.0) -> T:
    """Look again and again until the answer is true; too late is a failure."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        _BREATH.wait(0.02)
    raise AssertionError(f"not within {seconds:.0f} s")
