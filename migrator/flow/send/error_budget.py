"""How many failures a run may have before it stops, so that a mistake affects few users (`--max-errors`)."""

from __future__ import annotations

from dataclasses import dataclass

from migrator.core.errors import StopRun

ENOUGH_FOR_A_RATE = 20  # users; a share of fewer means nothing


@dataclass(slots=True)
class ErrorBudget:
    """Failures of this run: `max_errors` users, or `max_error_rate` (0 to 1) of the users sent so far."""

    max_errors: int | None = None
    max_error_rate: float | None = None
    done: int = 0
    failed: int = 0

    def count(self, *, done: int, failed: int) -> None:
        """Add users whose outcome is known; the failed ones are among the done."""
        self.done += done
        self.failed += failed

    def check(self) -> None:
        """Raise `StopRun` (exit 4) when the budget is used up."""
        if self.max_errors is not None and self.failed >= self.max_errors:
            raise self._used_up(f"the limit is {self.max_errors}")
        rate = self.max_error_rate
        if rate is not None and self.done >= ENOUGH_FOR_A_RATE and self.failed > self.done * rate:
            raise self._used_up(f"the limit is {rate:.2%} of them")

    def _used_up(self, limit: str) -> StopRun:
        return StopRun(
            f"{self.failed} of {self.done} users sent in this run failed; {limit}.",
            fix="Read the reasons in problems.csv, fix the cause, then run again.",
        )
