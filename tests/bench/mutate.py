"""Mutation testing of the core by mutmut, with one table at its end (docs/mutation.md).

mutmut works on copies below `mutants/`, so no mutant ever stands in the source tree. What is mutated and which
tests judge it stands in pyproject.toml. Names of mutants (with `*`) as arguments run only those.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from mutmut.__main__ import cli
from mutmut.runners.harness import PytestRunner
from mutmut.state import state

if TYPE_CHECKING:
    from collections.abc import Iterable

_STORE = (
    "binding", "users/collisions", "users/holders", "users/leavers", "users/plans", "users/reopening", "users/sends",
    "users/sweeps", "users/trial_mapping", "runs/actions", "runs/verifications",
)  # fmt: skip
TARGETS = {
    "retry": ("http/retry",),
    "normalize": ("normalize/", "docebo/record", "core/text", "core/email_address", "core/login_ids"),
    "checkpoint store": tuple(f"checkpoint/{name}" for name in _STORE),
    "result matching": ("descope/",),
    "decisions": ("flow/plan/changes", "flow/plan/decide", "flow/send/outcome", "core/fields"),
    "collide": ("flow/plan/collisions",),
    "sweep": ("flow/read/sweep", "docebo/paging"),
    "plan": ("flow/plan/plan.", "flow/read/spot_check"),
    "settle": ("flow/send/settle", "flow/send/leavers", "flow/plan/leavers", "flow/send/arrivals"),
    "verify": ("verify/", "checkpoint/users/verdicts"),
    "lease": ("checkpoint/db/lease",),
}
UNTESTED, TIMEOUT = (5, 33), (-24, 24, 36, 152, 255)  # exit codes as mutmut stores them
REQUIRED = 90.0

_by_parameter = PytestRunner._pytest_args_regular_run


def _by_function(self: PytestRunner, tests: Iterable[str]) -> list[str]:
    # pytest does not find every parametrised test again by its id; whole functions it does, the quickest first.
    quickest_first = sorted(tests, key=lambda test: state().duration_by_test.get(test, 0.0))
    return _by_parameter(self, dict.fromkeys(test.partition("[")[0] for test in quickest_first))


def _verdicts(starts: tuple[str, ...]) -> dict[str, int]:
    """Mutant to the exit code of its tests, for the modules whose path begins with any of `starts`."""
    root = Path("mutants/migrator")
    found: dict[str, int] = {}
    for path in sorted(root.rglob("*.meta")):
        if path.relative_to(root).as_posix().startswith(starts):
            codes = json.loads(path.read_text(encoding="utf-8"))["exit_code_by_key"]
            found |= {name: code for name, code in codes.items() if code is not None}
    return found


def _table() -> bool:
    """Print what became of the mutants; True when enough were killed in each target."""
    enough = True
    print("\n| target | mutants tried | killed | of these by timeout | survived | killed |\n|---|--:|--:|--:|--:|--:|")
    for name, starts in TARGETS.items():
        codes = _verdicts(starts)
        alive = [mutant for mutant, code in codes.items() if code in (0, *UNTESTED)]
        slow = sum(number for code, number in Counter(codes.values()).items() if code in TIMEOUT)
        killed = len(codes) - len(alive)
        share = 100 * killed / len(codes) if codes else 100.0
        enough &= share >= REQUIRED
        print(f"| {name} | {len(codes)} | {killed} | {slow} | {len(alive)} | {share:.1f} % |")
    return enough


if __name__ == "__main__":
    PytestRunner._pytest_args_regular_run = _by_function  # type: ignore[method-assign] # see _by_function
    cli(["run", "--max-children", "1", *sys.argv[1:]], standalone_mode=False)
    print("\nSurvivors, each to be seen with `mutmut show <name>`:")
    print("\n".join(name for name, code in _verdicts(("",)).items() if code in (0, *UNTESTED)))
    sys.exit(0 if _table() else 1)
