"""The questions a run asks a person, and their answers when nobody is there; option types of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migrator.cli import show
from migrator.reasons import REASONS

if TYPE_CHECKING:
    from migrator.report.summary import Figures


class Share(click.ParamType[float]):
    """A share, as "2%" or 0.02."""

    name = "share"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share between 0 and 1."""
        text = str(value).strip()
        try:
            rate = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError:
            rate = -1.0
        if not 0 <= rate <= 1:
            self.fail("give a share like 2% or 0.02", param, ctx)
        return rate


class RetryCode(click.ParamType[str]):
    """A reason code, or what verifying found."""

    name = "code"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The code, if there is one of that name."""
        text = str(value)
        reasons = {reason.code for reason in REASONS.values() if reason.kind == "reason"}
        if text not in reasons | {"differs", "missing", "all"}:
            self.fail("give a reason code of problems.csv, differs, missing or all", param, ctx)
        return text


def show_plan(figures: Figures) -> bool:
    """`--yes`: the plan is shown, and needs no answer."""
    click.echo(f"\nDocebo {figures.source} -> Descope project {figures.project}. The plan:", err=True)
    click.echo("\n".join(show.plan(figures)), err=True)
    return True


def only_if_right(_sent: int, wrong: int) -> bool:
    """`--yes`: the canary's own result decides."""
    return not wrong


def about_plan(figures: Figures) -> bool:
    """Show the target and the plan, then ask."""
    show_plan(figures)
    return click.confirm("Send this to Descope now?", err=True)


def about_canary(sent: int, wrong: int) -> bool:
    """Tell how the first users fared, then ask."""
    click.echo(f"\nThe canary: {sent} users sent and read back, {wrong} of them went wrong.", err=True)
    return click.confirm("Go on with everybody else?", default=not wrong, err=True)
