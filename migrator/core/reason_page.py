"""The page `docs/reason-codes.md`, made from the codes themselves. Pure."""

from __future__ import annotations

import sys

from migrator.core.error_codes import ERROR_CODES
from migrator.core.reasons import Note, Reason, again_words
from migrator.core.sso import SsoClass


def render_page() -> str:
    """The page as Markdown, newline at the end."""
    lines = [
        "# Reasons, notes, classes and error codes",
        "",
        "<!-- Made from the code: python -m migrator.core.reason_page > docs/reason-codes.md -->",
        "",
        "A *reason* says why a user ended in its final state; a *note* says something about a user who was accepted.",
        "*Again* says whether running again can succeed although nobody changed anything.",
        "",
        "## Reasons",
        "",
        "| code | state | meaning | fix | again |",
        "|---|---|---|---|---|",
        *(f"| `{r}` | {r.state} | {r.meaning} | {r.fix} | {again_words(r)} |" for r in Reason),
        "",
        "## Notes",
        "",
        "| code | meaning | fix |",
        "|---|---|---|",
        *(f"| `{r}` | {r.meaning} | {r.fix} |" for r in Note),
        "",
        "## Classes of sso.csv",
        "",
        "Users who do not land in their own Docebo account, or who need a thought before the cut-over.",
        "",
        "| code | meaning | fix |",
        "|---|---|---|",
        *(f"| `{r}` | {r.meaning} | {r.fix} |" for r in SsoClass),
        "",
        "## Descope's error codes",
        "",
        "The detail of a refused user is the code that Descope gave. These are documented; there are others.",
        "",
        "| code | meaning | fix |",
        "|---|---|---|",
        *(f"| `{code}` | {one.meaning} | {one.fix} |" for code, one in ERROR_CODES.items()),
    ]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.stdout.write(render_page())
