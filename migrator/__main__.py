"""`python -m migrator` is the same as the installed `migrator`."""

from migrator.cli import streams
from migrator.cli.main import main


def start() -> None:
    """Run the command that the arguments name, and end with its exit code."""
    streams.outlive_readers(main)


if __name__ == "__main__":
    start()
