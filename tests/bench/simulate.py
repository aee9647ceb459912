"""How long simulated runs take, beside the estimate: python tests/bench/simulate.py --users 100000 --runs 50.

What is real in them and what is not: `tests/support/simulation.py`.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from config_files import load_with
from simulation import DOCUMENTED, Shape, Weather, simulate

from migrator.cli.pace_words import elapsed_text, span_text
from migrator.flow.plan.estimate import estimate_migration
from migrator.log import setup as log


@click.command()
@click.option("--users", default=100_000, show_default=True)
@click.option("--runs", default=10, show_default=True, help="The first one has calm servers, the others are drawn.")
@click.option("--first-seed", default=1, show_default=True)
@click.option("--shape", type=click.Choice([one.name.lower() for one in Shape]), default="beside", show_default=True)
def main(users: int, runs: int, first_seed: int, shape: str) -> None:
    """Simulate runs, and say how many end within the range."""
    log.configure(style="console", file=None, verbosity=-1, secrets=())
    with tempfile.TemporaryDirectory() as folder:
        config = load_with(Path(folder))
    least, most = estimate_migration(users, config).seconds
    click.echo(f"{users:,} users under the documented limits: {span_text(least, most)} ({least:.0f} s to {most:.0f} s)")
    click.echo(
        f"{'seed':>5} {'a call':>7} {'others':>7} {'429s':>5} {'sweep':>9} {'again':>9} {'sending':>9} {'run':>9}"
    )
    within = 0
    for number in range(runs):
        weather = Weather.drawn(first_seed + number - 1) if number else Weather()
        found = simulate(users, config, weather, Shape[shape.upper()])
        holds = least <= found.seconds <= most
        within += holds
        times = (found.first_sweep, found.confirming_sweep, found.sending_side, found.seconds)
        over = [name for name, count in found.most.items() if count > DOCUMENTED[name][0]]
        click.echo(
            f"{weather.seed:>5} {weather.call_seconds:>5.2f} s {weather.foreign:>6.0%} {found.throttled:>5} "
            + " ".join(f"{elapsed_text(seconds):>9}" for seconds in times)
            + ("" if holds else "  outside the range")
            + (f"  over the limit: {', '.join(over)}" if over else "")
        )
    click.echo(f"{within} of {runs} runs took as long as the range says.")


if __name__ == "__main__":
    main()
