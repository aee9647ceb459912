"""The questions a run asks a person, and their answers when nobody is there; option types of their own."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from migrator.cli import display
from migrator.cli.render import plan_text
from migrator.cli.undo_text import undo_text
from migrator.cli.wrap import fitted
from migrator.core.errors import ConfigError, Interrupted
from migrator.core.reasons import Reason
from migrator.report.sentences import users_words

if TYPE_CHECKING:
    from collections.abc import Iterator

    from migrator.core.census import ProjectCensus
    from migrator.flow.undo.tally import UndoTally
    from migrator.report.summary import RunFigures


MOST_LEFT = 0.9  # with less than a tenth of the calls, a migration would not end


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


class RoomLeft(Share):
    """The share of a rate limit that stays free for others, as "30%" or 0.3."""

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """The share between 0 and `MOST_LEFT`."""
        try:
            share = super().convert(value, param, ctx)
        except click.BadParameter:
            share = 1.0
        if share > MOST_LEFT:
            self.fail(f"give a share from 0% to {100 * MOST_LEFT:.0f}%, like 30% or 0.3", param, ctx)
        return share


class RetryCode(click.ParamType[str]):
    """A reason code, or what verifying found."""

    name = "code"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """The code, if there is one of that name."""
        text = str(value)
        if text not in {*Reason, "differs", "missing", "all"}:
            self.fail("give a reason code from problems.csv, or differs, missing or all", param, ctx)
        return text


class YesOrNo(click.ParamType[bool]):
    """An answer in a word or its first letter."""

    name = "answer"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> bool:
        """True for yes; a bool is the default, taken as it is."""
        if isinstance(value, bool):
            return value
        text = str(value).strip().lower()
        if text not in ("y", "yes", "n", "no"):
            self.fail("Please answer y or n.", param, ctx)
        return text.startswith("y")


def _confirm(question: str, *, default: bool) -> bool:
    """Ask until the answer is one; `default` is what Enter means."""
    choices = "[Y/n]" if default else "[y/N]"
    answer: bool = click.prompt(f"{question} {choices}", default=default, type=YesOrNo(), show_default=False, err=True)
    return answer


@contextmanager
def asking(no: str) -> Iterator[None]:
    """Hold while a question is open: nothing else writes to the terminal, and Ctrl-C is an answer.

    Args:
        no: what that answer means, as "Nothing was sent"; it opens the error's text.

    Raises:
        Interrupted: Ctrl-C was pressed. It means no, at once; the request to stop in order is for running work.
    """
    display.make_way()
    pressed = False

    def press(_signum: int, _frame: object) -> None:
        nonlocal pressed
        pressed = True
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, press)
    try:
        yield
    except (KeyboardInterrupt, click.Abort, OSError):  # OSError: the terminal is gone
        click.echo(err=True)  # the line of the question is not ended
        how = "you pressed Ctrl-C" if pressed else "the input ended before you answered"
        raise Interrupted(f"{no}: {how}.") from None
    finally:
        signal.signal(signal.SIGINT, before)


def about_upgrade() -> bool:
    """Whether to bring a PostgreSQL schema up to date."""
    with asking("The checkpoint was not upgraded"):
        return _confirm("The checkpoint has an older schema. Upgrade it now?", default=False)


def show_plan(figures: RunFigures) -> bool:
    """`--yes`: the plan is shown, and needs no answer."""
    display.make_way()
    where = f"Docebo {figures.source} -> Descope project {figures.project}. The plan:"
    first = f"This migration's first write: {figures.census.describe()}" if figures.census is not None else ""
    click.echo("".join(f"\n{fitted(text, err=True)}" for text in (first, where) if text), err=True)
    click.echo("\n".join(plan_text(figures, fixes=False)), err=True)
    return True


def refuse_strangers(census: ProjectCensus, setting: str) -> None:
    """`--yes` without `--project`: nobody has looked at the target, so it must be beyond doubt.

    Args:
        setting: names the key of the project's id, with its place.

    Raises:
        ConfigError: many of the users there are strangers.
    """
    if census.needs_a_word:
        raise ConfigError(
            f"Is this the right project? {census.describe()} Nothing was written there.",
            fix=f"If it is, say so in the same command: migrator run --yes --project {census.project}. If not, correct"
            f" {setting}.",
        )


def only_if_right(_sent: int, wrong: int) -> bool:
    """`--yes`: the canary's own result decides."""
    return not wrong


def about_plan(figures: RunFigures) -> bool:
    """Show the target and the plan, then ask."""
    show_plan(figures)
    with asking("Nothing was sent"):
        return _confirm("Send this to Descope now?", default=False)


def about_canary(sent: int, wrong: int) -> bool:
    """Tell how the first users fared, then ask."""
    display.make_way()
    click.echo(f"\nThe canary: {sent} users sent and read back, {wrong} of them went wrong.", err=True)
    with asking("Only the canary was sent"):
        return _confirm("Go on with everybody else?", default=not wrong)


def about_undo(tally: UndoTally) -> bool:
    """Show what would be undone, then ask."""
    show_undo(tally)
    with asking("Nothing was undone"):
        return _confirm("Do this in Descope now? It cannot be taken back.", default=False)


def show_undo(tally: UndoTally) -> bool:
    """`--yes`: the plan is shown, and needs no answer."""
    display.make_way()
    click.echo("\nThe plan:", err=True)
    click.echo("\n".join(undo_text(tally, planned=True)), err=True)
    return True


def about_purge(users: int) -> bool:
    """Whether to erase the personal data of so many users."""
    with asking("Nothing was erased"):
        return _confirm(f"Erase the personal data of {users_words(users)} from the checkpoint now?", default=False)
