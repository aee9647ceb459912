"""`migrator sandbox`: both APIs on loopback, for trying things out."""

from __future__ import annotations

from typing import Literal

import click
from typing_extensions import TypedDict

from migrator.cli.command import Common, with_common_options
from migrator.core.errors import ConfigError
from migrator.core.packaging import install_command


class SandboxDocument(TypedDict):
    """Where the sandbox listens, and a configuration for it, as YAML. `migrator sandbox` prints it."""

    schema: Literal["sandbox/1"]
    docebo: str
    descope: str
    control: str
    config: str


def need_sandbox() -> None:
    """Make sure the extra is installed.

    Raises:
        ConfigError: it is not.
    """
    try:
        import migrator.sandbox.server  # noqa: F401, PLC0415 -- an extra: absent for most installations
    except ImportError:
        raise ConfigError(
            "The sandbox's packages are not installed.", fix=f"Install them: {install_command('sandbox')}"
        ) from None


_port = click.IntRange(0, 65535)


@click.command()
@click.option(
    "--users", type=click.IntRange(min=0), default=2000, show_default=True, help="How many people Docebo has."
)
@click.option("--seed", type=int, default=1, show_default=True, help="A different seed makes different people.")
@click.option(
    "--difficult",
    type=click.FloatRange(0, 1),
    default=0.05,
    show_default=True,
    help="Share of difficult people.",
)
@click.option(
    "--strangers",
    type=click.IntRange(min=0),
    default=20,
    show_default=True,
    help="How many users Descope already has.",
)
@click.option("--docebo-port", type=_port, default=0, help="Where to listen; any free port if not given.")
@click.option("--descope-port", type=_port, default=0, help="Where to listen; any free port if not given.")
@click.option("--control-port", type=_port, default=0, help="Where to take switches and faults.")
@with_common_options
def sandbox_command(
    common: Common,
    users: int,
    seed: int,
    difficult: float,
    strangers: int,
    docebo_port: int,
    descope_port: int,
    control_port: int,
) -> int:
    """Serve both APIs on loopback with made-up people, until Ctrl-C.

    Prints a matching configuration; the control address takes switches and faults, and shows the journal.

    \b
    Example:
      migrator sandbox --users 500

    \b
    Exit codes: 0 stopped, 2 usage or a port is taken.
    """  # noqa: D301 -- Click's \b
    need_sandbox()
    from migrator.sandbox import server  # noqa: PLC0415 -- an extra
    from migrator.sandbox.process import config_text  # noqa: PLC0415 -- an extra
    from migrator.sandbox.world import Population  # noqa: PLC0415 -- an extra

    def ready(urls: server.Urls) -> None:
        text = config_text(urls.docebo, urls.descope)
        if common.as_json:
            document: SandboxDocument = {
                "schema": "sandbox/1",
                "docebo": urls.docebo,
                "descope": urls.descope,
                "control": urls.control,
                "config": text,
            }
            common.print_json(document)
        else:
            click.echo(f"# Docebo {urls.docebo}, Descope {urls.descope}, control {urls.control}\n{text}")

    population = Population(users=users, seed=seed, difficult=difficult, strangers=strangers)
    try:
        server.serve(population, server.Ports(docebo_port, descope_port, control_port), ready)
    except OSError as error:
        raise ConfigError(
            f"The sandbox cannot listen: {error.strerror}.", fix="Choose other ports, or let it choose."
        ) from None
    return 0
