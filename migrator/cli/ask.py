"""The questions a run asks a person, and their answers when nobody is there; an option type of its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from migrator.cli import show

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


def show_plan(figures: Figures) -> bool:
    """`--yes`: the plan is shown, and needs no answer."""
    click.echo(f"\nDocebo {figures.source} -> Descope project {figures.project}. The plan:", err=True)
    click.echo("\n".join([*show.counts(figures), *show.cost(figures)]), err=True)
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
