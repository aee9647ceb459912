"""`python -m migrator` is the same as the installed `migrator`."""

from migrator.cli.main import main

if __name__ == "__main__":
    main()
