"""What a report shows beyond a run's figures; stored with the run, since personal data is erased after it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from migrator.report.coverage.breakdown import count_groups
from migrator.report.coverage.field_coverage import field_coverage
from migrator.report.coverage.login_readiness import login_readiness

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.checkpoint.db.checkpoint import Checkpoint
    from migrator.config.schema import MappingConfig
    from migrator.report.document import DetailsDocument


def collect_coverage(
    checkpoint: Checkpoint, mapping: MappingConfig, titles: Mapping[str, str], *, predicted: bool
) -> DetailsDocument:
    """Field coverage, login readiness and who is where as one JSON document without personal data.

    Call it before profiles are erased, and store it with `runs.store_details`.

    Args:
        titles: of the additional fields, by name; {} takes those an earlier run stored.
        predicted: count a planned user as what it would become.
    """
    return {
        "xray": field_coverage(checkpoint, mapping, titles),
        "readiness": login_readiness(checkpoint, mapping, predicted=predicted),
        "breakdown": count_groups(checkpoint, predicted=predicted),
    }
