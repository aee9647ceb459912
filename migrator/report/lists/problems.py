"""problems.csv: who needs a person, why, what to do, and the Docebo fields to correct."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, TextIO

from migrator.core.text import scalar_text
from migrator.docebo.record import CORRECTABLE, DoceboRecord
from migrator.report.advice import advice_on

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.config.schema import MappingConfig
    from migrator.core.model import Json

PROBLEM_COLUMNS = (
    "docebo_user_id", "state", "reason", "detail", "fix",
    "other_docebo_ids", "descope_user_id", "decision", "value",
)  # fmt: skip
MIGRATION_COLUMN = "migration"  # the last one and never blank: a torn line lacks it
# How spreadsheets tell a formula from a text; the full-width forms count for some of them.
_FORMULA_STARTS = tuple("=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20")
_SURROGATES = re.compile("[\ud800-\udfff]")  # no file can hold a lone one


def source_columns(mapping: MappingConfig) -> tuple[str, ...]:
    """The Docebo fields a person may have to correct: names, addresses, and whatever else the mapping reads."""
    phone = (mapping.phone_field,) if mapping.phone_field else ()
    attributes = (one.field for one in mapping.attributes.values())
    read = (*CORRECTABLE, *mapping.extra_login_ids, *phone, *attributes)
    return tuple(dict.fromkeys(read))


def source_cells(raw: str | None, columns: Sequence[str]) -> list[str]:
    """Those fields of one record as texts, a list as `a; b`; blank where there is none, or an object."""
    record = DoceboRecord.from_json(raw if columns else None)
    return [_SURROGATES.sub("\ufffd", _cell(record.get(column))) for column in columns]


def _cell(value: Json) -> str:
    items = value if isinstance(value, list) else [value]
    return "; ".join(filter(None, map(scalar_text, items)))


def migration_name(source: str, project: str) -> str:
    """What the last column says: which migration the file is about; `source` is the Docebo platform."""
    return f"{source} {project}"


def write_problems(file: TextIO, problems: Iterable[StoredUser], sources: Sequence[str], migration: str) -> None:
    """One row for each user that needs a person; `decision` and `value` are for that person to fill in.

    Args:
        sources: Docebo fields to show beside; none in a redacted report.
        migration: the `migration_name`.
    """
    rows = csv.writer(file)
    rows.writerow((*PROBLEM_COLUMNS, *sources, MIGRATION_COLUMN))
    for problem in problems:
        reason = problem.reason or ""
        row = (problem.user_id, problem.state, reason, problem.detail or "", advice_on(reason).fix)
        others = (" ".join(problem.other_docebo_ids), " ".join(problem.other_descope_ids), "", "")
        cells = (*row, *others, *source_cells(problem.raw, sources), migration)
        rows.writerow(defuse(str(cell)) for cell in cells)


def defuse(cell: str) -> str:
    """Keep a spreadsheet from running a cell: a leading apostrophe makes it text."""
    return f"'{cell}" if cell.startswith((*_FORMULA_STARTS, "'")) else cell


def undefuse(cell: str) -> str:
    """The inverse of `defuse`."""
    return cell[1:] if cell.startswith("'") and defuse(cell[1:]) == cell else cell
