"""The titles of Docebo's additional fields: read when they can be, never a reason to stop."""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from migrator.core.clock import Clock
from migrator.docebo import client

if TYPE_CHECKING:
    from world import Place

TITLES = {"field_4": "City", "field_9": "Note", "field_12": "Phone"}


def read(place: Place) -> dict[str, str]:
    with closing(client.DoceboClient(place.config.docebo, Clock())) as docebo:
        return docebo.user_fields()


def test_titles_are_read_from_the_platform(place: Place) -> None:
    """Each additional field's name with its title."""
    assert read(place) == TITLES


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "params": {"code": 403}},
        {"kind": "status", "params": {"code": 500}},
        {"kind": "html200"},
        {"kind": "wrong_shape"},
        {"kind": "close"},
    ],
    ids=str,
)
def test_titles_that_cannot_be_read_are_no_error(place: Place, fault: dict[str, Any]) -> None:
    """They only explain a report, so a run goes on without them."""
    place.sandbox.control.set_faults({"api": "docebo", "path": "/manage/v1/user_fields$", **fault})

    assert read(place) == {}


@pytest.mark.parametrize("key", ["id", "id_field"])
def test_both_spellings_of_the_id_are_read(key: str) -> None:
    """Sources differ on it (docs/contract/docebo.md 4)."""
    titles: dict[str, str] = {}

    more = client._parse_fields({"data": {"items": [{key: 4, "title": "City"}], "has_more_data": True}}, titles)

    assert (more, titles) == (True, {"field_4": "City"})


def test_the_report_shows_titles_and_proposes_attributes(place: Place) -> None:
    """After a run the page names the unmapped fields by title, with lines to paste."""
    place.sandbox.control.reset(users=60, difficult=0)

    place.migrate()

    page = (place.folder / "reports" / "report.html").read_text(encoding="utf-8")
    assert "city: field_4  # City: text, 100 % filled" in page
    assert "Over 60 records" in page
