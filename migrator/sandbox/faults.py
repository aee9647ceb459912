"""Rules that say which request meets which fault."""

from __future__ import annotations

import random
import re  # noqa: TC003 -- pydantic reads it when the class is made
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from migrator.sandbox.spoil_answer import ANSWER_KINDS
from migrator.sandbox.spoil_wire import WIRE_KINDS

if TYPE_CHECKING:
    from migrator.sandbox.spoil import Fault, When

KINDS: dict[str, type[Fault]] = {**ANSWER_KINDS, **WIRE_KINDS}


class Rule(BaseModel):
    """One rule. A request matches by `api`, `method` and `path`; some of the matching ones meet the fault.

    Which ones: from the `nth` matching request on, or each `every`-th, or each with `probability`
    (seeded), or, with none of the three, each one; at most `times` in all. With `nth` alone `times` is 1.

    `when` is "before" (the API does not see the request) or "after" (it does its work, then the answer
    is spoilt). Left out, it is "after" for kinds that need an answer to spoil and for `lost`, else "before".
    """

    model_config = ConfigDict(extra="forbid")

    kind: str
    api: Literal["docebo", "descope"] | None = None
    method: str | None = None
    path: re.Pattern[str] | None = None  # searched in the path
    nth: int | None = Field(None, ge=1)
    every: int | None = Field(None, ge=1)
    probability: float | None = Field(None, ge=0, le=1)
    seed: int = 0
    times: int | None = Field(None, ge=1)
    when: Literal["before", "after"] | None = None
    params: dict[str, Any] = {}

    @model_validator(mode="after")
    def _check(self) -> Rule:
        if self.kind not in KINDS:
            raise ValueError(f"unknown kind {self.kind!r}; known: {', '.join(sorted(KINDS))}")
        if sum(value is not None for value in (self.nth, self.every, self.probability)) > 1:
            raise ValueError("give one of nth, every and probability")
        try:
            fault = self.fault()
        except ValidationError as error:
            raise ValueError(f"params of {self.kind}: {error.errors()[0]['msg']}") from None
        if self.when is not None and self.when not in fault.allowed:
            raise ValueError(f"{self.kind} is possible only {' or '.join(fault.allowed)} the work")
        return self

    def fault(self) -> Fault:
        """The fault with its parameters."""
        return KINDS[self.kind](**self.params)


class _Armed:
    """A rule and how often it matched and fired."""

    def __init__(self, rule: Rule) -> None:
        self.kind = rule.kind
        self.fault = rule.fault()
        self.when = rule.when or self.fault.allowed[0]
        self._rule = rule
        self._rng = random.Random(rule.seed)
        self._matched = 0
        self._left = rule.times or (1 if rule.nth else None)

    def fires(self, api: str, method: str, path: str) -> bool:
        rule = self._rule
        if rule.api not in (None, api) or (rule.method or method).upper() != method:
            return False
        if rule.path is not None and not rule.path.search(path):
            return False
        self._matched += 1
        if self._left == 0 or not self._due():
            return False
        if self._left is not None:
            self._left -= 1
        return True

    def _due(self) -> bool:
        rule = self._rule
        if rule.nth is not None:
            return self._matched >= rule.nth
        if rule.every is not None:
            return self._matched % rule.every == 0
        return rule.probability is None or self._rng.random() < rule.probability


class Faults:
    """The rules in force. All rules count every request; of those that fire, the first one acts."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []

    def set(self, rules: list[Rule]) -> None:
        """Replace all rules; their counts start at zero."""
        self._armed = [_Armed(rule) for rule in rules]

    def pick(self, api: str, method: str, path: str) -> tuple[str, Fault, When] | None:
        """Kind, fault and time of the one this request meets, if any."""
        firing = [armed for armed in self._armed if armed.fires(api, method, path)]
        return (firing[0].kind, firing[0].fault, firing[0].when) if firing else None
