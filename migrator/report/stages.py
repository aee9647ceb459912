"""The stages of a run: what each is called while it goes on and when it is done, and which ones come. Pure."""

from __future__ import annotations

from typing import NamedTuple


class Stage(NamedTuple):
    """`Reading Docebo` while it goes on, `Read Docebo` when it is done; `counted` is what passes it one by one."""

    doing: str
    done: str
    counted: str = "user"


STAGES = {
    "check": Stage("Checking both sides", "Checked both sides"),
    "members": Stage("Reading branches and groups", "Read branches and groups"),
    "settle": Stage("Settling unanswered requests", "Settled unanswered requests"),
    "read": Stage("Reading Docebo", "Read Docebo"),
    "plan": Stage("Searching Descope", "Searched Descope"),
    "canary": Stage("Sending the canary", "Sent the canary"),
    "send": Stage("Sending to Descope", "Sent to Descope"),
    "trail": Stage("Reading the audit trail", "Read the audit trail", "sign-in"),
    "look": Stage("Looking for signs of life", "Looked for signs of life"),
    "undo": Stage("Undoing", "Undone"),
    "verify": Stage("Reading back from Descope", "Read back from Descope"),
}


def stage_doing(stage: str) -> str:
    """What a stage is called while it goes on."""
    return STAGES[stage].doing if stage in STAGES else stage.capitalize()


def stage_count(stage: str, number: int) -> str:
    """How many have passed a stage: `1 user`, `2 users`, `2 sign-ins`."""
    counted = STAGES[stage].counted if stage in STAGES else "user"
    return f"{number:,} {counted}{'' if number == 1 else 's'}"


def stages_to_come(*, members: bool, settles: bool, sends: bool, canary: bool, verifies: bool) -> list[str]:
    """The stages of a run in their order; the canary is read back even if the rest is not."""
    names = ["check", *(["members"] if members else []), *(["settle"] if settles else []), "read", "plan"]
    if sends:
        names += [*(["canary", "verify"] if canary else []), "send", *(["verify"] if verifies else [])]
    return names
