"""`migrator explain`: what a code in the report means."""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import click
from typing_extensions import TypedDict

from migrator.cli.command import Common, with_common_options
from migrator.cli.wrap import fitted
from migrator.core.error_codes import ERROR_CODES
from migrator.core.errors import ConfigError
from migrator.core.reasons import Note, Reason, again_words
from migrator.core.sso import SsoClass

if TYPE_CHECKING:
    from collections.abc import Mapping

    from migrator.core.error_codes import ErrorCode

_AGAIN = {"helps": "can help though nobody changed anything.", "no": "does not help before somebody changes something."}


class CodeDocument(TypedDict):
    """A code in JSON; `kind` is reason, note, sso or error.

    Only reasons have `state`, and `again`: whether running again helps.
    """

    code: str
    kind: str
    state: str | None
    meaning: str
    fix: str
    again: str | None


class ExplainDocument(CodeDocument):
    """What one code means. `migrator explain CODE` prints it."""

    schema: Literal["explain/1"]


class CodesDocument(TypedDict):
    """What every code means. `migrator explain` prints it."""

    schema: Literal["codes/1"]
    codes: list[CodeDocument]


@click.command()
@click.argument("code", required=False)
@with_common_options
def explain_command(common: Common, code: str | None) -> int:
    """Show what a reason, note, class of sso.csv or error code means, and how to fix it.

    CODE is a word from the summary, problems.csv, sso.csv or the report, or an error code of Descope; without it, all
    codes are listed. It needs no configuration and asks no server.

    \b
    Example:
      migrator explain login_taken
      migrator explain E011003
      migrator explain

    \b
    Exit codes: 0 shown, 2 there is no such code.
    """  # noqa: D301 -- Click's \b
    documents = _documents()
    if code is not None:
        one = _known(code, documents)
        if common.as_json:
            document: ExplainDocument = {"schema": "explain/1", **one}
            common.print_json(document)
        else:
            click.echo("\n".join(_text(one)))
    elif common.as_json:
        every: CodesDocument = {"schema": "codes/1", "codes": list(documents.values())}
        common.print_json(every)
    else:
        width = max(map(len, documents))
        click.echo("\n".join(fitted(one["meaning"], f"{name:<{width}}  ") for name, one in documents.items()))
    return 0


def _documents() -> dict[str, CodeDocument]:
    """Every code: reasons, notes, the classes of sso.csv, then Descope's."""
    reasons = [_document(str(one), "reason", one, state=one.state.value, again=again_words(one)) for one in Reason]
    notes = [_document(str(one), "note", one) for one in Note]
    classes = [_document(str(one), "sso", one) for one in SsoClass]
    errors = [_document(name, "error", one) for name, one in ERROR_CODES.items()]
    return {one["code"]: one for one in (*reasons, *notes, *classes, *errors)}


def _document(
    code: str,
    kind: str,
    one: Reason | Note | SsoClass | ErrorCode,
    *,
    state: str | None = None,
    again: str | None = None,
) -> CodeDocument:
    return {"code": code, "kind": kind, "state": state, "meaning": one.meaning, "fix": one.fix, "again": again}


def _known(code: str, documents: Mapping[str, CodeDocument]) -> CodeDocument:
    """The document of this code, in any case of its letters.

    Raises:
        ConfigError: there is none.
    """
    spelled = code.strip()
    known = documents.get(spelled.lower()) or documents.get(spelled.upper())
    if known is None:
        close = get_close_matches(spelled.lower(), documents)
        meant = f"Did you mean {' or '.join(close)}? " if close else ""
        # What was typed is not repeated: an address in the wrong place must not reach a log.
        raise ConfigError(
            "There is no such reason, note or error code.", fix=f"{meant}`migrator explain` lists all codes."
        )
    return known


def _text(one: CodeDocument) -> list[str]:
    kind = {
        "reason": f"a reason: {one['state']}",
        "note": "a note: the user is migrated",
        "sso": "a class of sso.csv: who lands in their own Docebo account, and who does not",
        "error": "an error code of Descope, as problems.csv has it in column detail",
    }[one["kind"]]
    lines = [f"{one['code']} ({kind})", fitted(one["meaning"], "  "), fitted(one["fix"], "  Fix: ")]
    if one["again"] is None:
        return lines
    return [*lines, fitted(_AGAIN.get(one["again"], f"helps {one['again']}."), "  Running again ")]
