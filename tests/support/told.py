"""What a person and a script are told of a migration: page, summary and status, as they read them."""

from __future__ import annotations

import html
import json
import re
from typing import TYPE_CHECKING, Any

from schemas import checked

if TYPE_CHECKING:
    from world import Ended, Place


def page(place: Place) -> str:
    """The text of report.html as a person reads it, without tags and script."""
    text = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")
    body = text.split("<main")[1].split("</main>")[0]
    return " ".join(html.unescape(re.sub(r"<[^>]+>", " ", body)).split())


def summary(place: Place) -> dict[str, Any]:
    """summary.json, which must be as its schema says."""
    return checked(json.loads((place.folder / "reports" / "summary.json").read_text(encoding="utf-8")))


def status(place: Place) -> dict[str, Any]:
    """`status --json`."""
    return place.forked("status", "--json").document


def ours(place: Place) -> list[dict[str, Any]]:
    """The migrated users at Descope."""
    return [user for user in place.targets() if (user.get("customAttributes") or {}).get("doceboUserId")]


def actions(ended: Ended) -> dict[str, int]:
    """What was or would be sent."""
    value: dict[str, int] = ended.document["actions"]
    return value
