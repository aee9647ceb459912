"""`python -m migrator.sandbox`: serve until told to stop; one line of JSON on stdout when ready."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import asdict

from migrator.sandbox.server import Ports, Urls, serve
from migrator.sandbox.world import Population


def main() -> None:
    """Parse the options and serve."""
    defaults = Population()
    parser = argparse.ArgumentParser(prog="python -m migrator.sandbox", description=__doc__)
    for name in ("docebo", "descope", "control"):
        parser.add_argument(f"--{name}-port", type=int, default=0, help="default: any free port")
    parser.add_argument("--users", type=int, default=defaults.users, help="people in Docebo")
    parser.add_argument("--seed", type=int, default=defaults.seed, help="other seed, other people")
    parser.add_argument("--difficult", type=float, default=defaults.difficult, help="share of difficult people")
    parser.add_argument("--strangers", type=int, default=defaults.strangers, help="Descope users already there")
    parser.add_argument("--exit-with-stdin", action="store_true", help="end when standard input ends")
    given = parser.parse_args()
    population = Population(users=given.users, seed=given.seed, difficult=given.difficult, strangers=given.strangers)
    ports = Ports(given.docebo_port, given.descope_port, given.control_port)
    serve(population, ports, _announce, exit_with_stdin=given.exit_with_stdin)


def _announce(urls: Urls) -> None:
    sys.stdout.write(json.dumps(asdict(urls)) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
