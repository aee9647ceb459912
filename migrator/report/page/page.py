"""report.html: one self-contained page that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import json
from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING, Any, TextIO, TypedDict

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from migrator.core.model import NEEDS_PERSON_STATES, RUNNING, RunOutcome, State
from migrator.core.reasons import Note, Reason, known_reason
from migrator.core.sso import SsoClass
from migrator.docebo.record import DoceboField
from migrator.report.advice import FOUND_ADVICE, advice_on
from migrator.report.coverage.mapping_proposal import percentage
from migrator.report.lists.problems import source_cells
from migrator.report.next_steps import next_steps
from migrator.report.page.bars import STATE_WORDS, bar_legend, bar_stripes, breakdown_tables
from migrator.report.page.history import history_lines
from migrator.report.page.timeline import PANEL_FLOOR, PANEL_HEIGHT, PANEL_WIDTH, timeline_panels
from migrator.report.sentences import headline, landing_sentence, readiness_sentence, verification_sentences

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from migrator.checkpoint.runs.history import RunHistory
    from migrator.checkpoint.users.stored_user import StoredUser
    from migrator.report.document import DetailsDocument, LoginReadiness, RunDocument, SsoReadiness

# What lies beside the page, and what it is for.
FILES = {
    "problems.csv": "who needs attention, why, and the Docebo fields to correct",
    "differences.csv": "what differs between both sides, field by field",
    "crosswalk.csv": "the Descope id of every migrated Docebo user",
    "sso.csv": "who does not land in their own Docebo account, and what to do about it",
    "summary.json": "the figures of this page, for scripts",
}
# In the order of the table's columns; the person's own ones are left out of a redacted page.
_PERSON = (("name", "Name"), ("email", "E-mail"), ("username", "User name"))
_REST = (
    ("state", "State"),
    ("reason", "Reason"),
    ("detail", "Detail"),
    ("others", "Other Docebo ids"),
    ("descope", "Descope id"),
)
_SOURCES = (DoceboField.FIRST_NAME, DoceboField.LAST_NAME, DoceboField.EMAIL, DoceboField.USERNAME)


def write_page(
    file: TextIO,
    document: RunDocument,
    details: DetailsDocument,
    samples: Sequence[Any],
    problems: Iterable[StoredUser],
    now: float,
    *,
    redact: bool,
    runs: RunHistory | None = None,
    names: Sequence[str] = (),
) -> None:
    """Write the page; the rows of people are streamed, so that memory stays flat.

    Args:
        document: the run's figures.
        details: what `collect_coverage` found; {} when nobody looked.
        now: epoch seconds, shown as the time of writing.
        redact: show no personal data.
        runs: the runs of the migration so far; None shows none.
        names: the files beside the page, to be linked.
    """
    environment = _environment()
    css, script = (Markup(_source(name)) for name in ("report.css", "report.js"))  # noqa: S704 -- our own files
    counts = document["counts"]
    tables = breakdown_tables(details.get("breakdown"))
    stream = environment.get_template("report.html.j2").stream(
        css=css,
        script=script,
        css_hash=_hash(css),
        script_hash=_hash(script),
        verdict=headline(document),
        document=document,
        counts=counts,
        states=STATE_WORDS,
        segments=bar_stripes(counts),
        people=sum(counts[state] for state in NEEDS_PERSON_STATES) + document["wrong"],
        reasons=_reasons(document["reasons"]),
        panels=timeline_panels(samples),
        drawing={"width": PANEL_WIDTH, "height": PANEL_HEIGHT, "floor": PANEL_FLOOR},
        xray=details.get("xray"),
        steps=next_steps(document),
        files=[(name, FILES[name]) for name in FILES if name in names],
        names=names,
        runs=runs,
        history=history_lines(runs, running=document["outcome"] == RUNNING) if runs else [],
        breakdown=tables,
        legend=bar_legend(tables),
        landing=_landing(document),
        sso=_sso_rows(document["sso"]),
        readiness=_readiness(details.get("readiness"), planned=document["outcome"] == "dry_run"),
        prediction=document.get("prediction"),
        verify=document["verify"],
        proof=" ".join(verification_sentences(document)),
        columns=(("id", "Docebo id"), *(() if redact else _PERSON), *_REST),
        redact=redact,
        written=datetime.fromtimestamp(now, UTC),
        rows=_rows(problems, redact=redact),
        words=_script_json({code: advice_on(code) for code in (*Reason, *Note, *FOUND_ADVICE)}),
    )
    stream.enable_buffering(64)
    file.writelines(stream)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("migrator.report.page"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"n": "{:,}".format, "duration": duration_words, "pace": rate_words, "share": percentage}
    return environment


def _source(name: str) -> str:
    text: str = _environment().loader.get_source(_environment(), name)[0]  # type: ignore[union-attr]  # set above
    return text


def _hash(text: str) -> str:
    """What the page's own policy allows: this very text."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def _script_json(value: Any) -> Markup:  # noqa: ANN401 -- any JSON value
    """JSON that cannot end its script element, whatever it says."""
    text = json.dumps(value, separators=(",", ":"))
    for sign in "<>&":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return Markup(text)  # noqa: S704 -- escaped right above


def _rows(problems: Iterable[StoredUser], *, redact: bool) -> Iterator[Markup]:
    separator = ""
    for problem in problems:
        person = [] if redact else _person(problem.raw)
        row = [problem.user_id, *person, problem.state, problem.reason or "", problem.detail or ""]
        row += [" ".join(problem.other_docebo_ids), " ".join(problem.other_descope_ids)]
        yield Markup(separator) + _script_json(row)  # noqa: S704 -- a comma
        separator = ",\n"


def _person(raw: str | None) -> list[str]:
    first, last, email, username = source_cells(raw, _SOURCES)
    return [f"{first} {last}".strip(), email, username]


class _ReasonRow(TypedDict):
    """A reason of so many users; `person` says whether they need one, `retry` whether a retry alone can help."""

    code: str
    users: int
    state: str
    person: bool
    meaning: str
    fix: str
    retry: bool


def _reasons(numbers: dict[str, int]) -> list[_ReasonRow]:
    """The reasons with meaning and fix, those that need a person first."""
    rows: list[_ReasonRow] = []
    for code, number in numbers.items():
        reason = known_reason(code)
        state = reason.state if reason else None
        rows.append(
            {
                "code": code,
                "users": number,
                "state": state or "",
                "person": state in (None, State.REJECTED, State.CONFLICT, State.FAILED),
                "meaning": reason.meaning if reason else "",
                "fix": reason.fix if reason else "",
                "retry": bool(reason and reason.retry_helps),
            }
        )
    return sorted(rows, key=lambda row: (not row["person"], -row["users"], row["code"]))


def _landing(document: RunDocument) -> str:
    """The page's headline once a run or a plan is through with everybody; "" before that."""
    if document["outcome"] not in (RunOutcome.COMPLETE, RunOutcome.NEEDS_PERSON, RunOutcome.DRY_RUN):
        return ""
    if document["limited"] or document["searched"]:  # who lands is a part of a part
        return ""
    return landing_sentence(document["sso"], planned=document["outcome"] == RunOutcome.DRY_RUN)


def _sso_rows(sso: SsoReadiness) -> list[tuple[str, int, str, str]]:
    """Each class with its users, its meaning and what to do."""
    return [(one, sso["classes"][one], one.meaning, one.fix) for one in SsoClass if one in sso["classes"]]


_OBSTACLES = {
    "disabled": "Suspended, expired or disabled: a disabled user cannot sign in.",
    "pending": "Not sent yet.",
}


class _ShownReadiness(TypedDict):
    """`LoginReadiness` in a sentence; each reason that keeps users from signing in has its meaning."""

    found: int
    ready: int
    blocked: list[tuple[str, int, str]]
    sentence: str


def _readiness(found: LoginReadiness | None, *, planned: bool) -> _ShownReadiness | None:
    """With the words for each obstacle."""
    if not found:
        return None
    blocked = [
        (code, number, _OBSTACLES.get(code) or advice_on(code).meaning) for code, number in found["blocked"].items()
    ]
    sentence = readiness_sentence(found, planned=planned)
    return {"found": found["found"], "ready": found["ready"], "blocked": blocked, "sentence": sentence}


def duration_words(seconds: float) -> str:
    """`42 s`, `12 min`, `3 h 05 min`."""
    if seconds < 100:  # noqa: PLR2004 -- short enough to be read as seconds
        return f"{seconds:.1f} s" if seconds < 10 else f"{seconds:.0f} s"  # noqa: PLR2004 -- a digit more for few
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02} min"  # noqa: PLR2004 -- as above


def rate_words(per_second: float) -> str:
    """A rate in the unit that reads best."""
    return f"{per_second:,.0f} / s" if per_second >= 10 else f"{per_second * 60:,.0f} / min"  # noqa: PLR2004 -- where seconds read better
