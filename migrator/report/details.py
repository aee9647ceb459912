"""What a report shows beyond a run's figures; stored with the run, since personal data is erased after it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from migrator.report import breakdown, readiness, xray

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.checkpoint import Checkpoint
    from migrator.config import MappingConfig


def collect(
    checkpoint: Checkpoint, mapping: MappingConfig, titles: Mapping[str, str], *, predicted: bool
) -> dict[str, Any]:
    """Field coverage, login readiness and who is where as one JSON document without personal data.

    Call it before profiles are erased, and store it with `books.note_details`.

    Args:
        titles: of the additional fields, by name; {} takes those an earlier run stored.
        predicted: count a planned user as what it would become.
    """
    return {
        "xray": xray.look(checkpoint, mapping, titles),
        "readiness": readiness.look(checkpoint, mapping, predicted=predicted),
        "breakdown": breakdown.count_groups(checkpoint, predicted=predicted),
    }
