"""Serve until a stop is asked for, and end in order (docs/serve.md, "Stopping")."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import uvicorn

from migrator.core.errors import ConfigError, Interrupted, MigratorError
from migrator.log.setup import get_logger
from migrator.serve.app import CHECKPOINT_GONE, DRAINING, Door, SignInEndpoint, metrics_app
from migrator.serve.desk import Desk
from migrator.serve.numbers import ServeMetrics
from migrator.serve.signatures import RequestSignatures

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

    from migrator.config.schema import Config, ServeConfig
    from migrator.core.clock import Clock
    from migrator.flow.sign_in.opening import Serving
    from migrator.serve.runs import RunsInside

_log = get_logger(__name__)

_LOOK_EVERY = 0.1  # seconds between two looks whether to stop
_DRAIN_SECONDS = 10.0  # for those who are being looked up
_CLOSE_SECONDS = 2  # for connections that are still open
_BACKLOG = 2048


@dataclass(frozen=True, slots=True)
class TlsFiles:
    """A certificate, with those that lead to its authority, and its key; both PEM."""

    cert: Path
    key: Path


def serve(
    serving: Serving,
    clock: Clock,
    runs: RunsInside | None,
    tls: TlsFiles | None,
    ready: Callable[[str, str], None],
) -> None:
    """Serve until the clock is asked to stop.

    Args:
        clock: stops the server.
        runs: those inside, if any.
        ready: gets both addresses once requests are answered.

    Raises:
        ConfigError: an address cannot be listened to, or the certificate cannot be used.
        LeaseLost, DatabaseLost: nobody can be answered any more.
    """
    asyncio.run(_Service(serving, clock, runs, tls).serve(ready))


class _Service:
    def __init__(self, serving: Serving, clock: Clock, runs: RunsInside | None, tls: TlsFiles | None) -> None:
        config = serving.config.serve
        if config.token is None:
            raise AssertionError("a server has a token")
        self._config: ServeConfig = config
        self._serving = serving
        self._clock = clock
        self._runs = runs
        self._tls = tls
        self._door = Door()
        self._desk = Desk(serving.sign_ins, clock, config.docebo_calls_per_hour)
        self._metrics = ServeMetrics(serving.opened.logbook.calls, lambda: self._desk.in_flight)
        token = config.token.get_secret_value()
        self._endpoint = SignInEndpoint(
            self._desk, token, self._door, self._metrics, _signatures(serving.config, clock)
        )

    async def serve(self, ready: Callable[[str, str], None]) -> None:
        """See `serve`."""
        with contextlib.ExitStack() as stack:
            stack.callback(self._desk.close)
            door = stack.enter_context(_listening(self._config.listen, "serve.listen"))
            numbers = stack.enter_context(_listening(self._config.metrics_listen, "serve.metrics_listen"))
            servers = [_Server(self._endpoint.app(), door, self._tls), _Server(metrics_app(self._metrics), numbers)]
            for server in servers:
                await server.open()
            scheme = "https" if self._tls else "http"
            ready(f"{scheme}://{_address(door)}", f"http://{_address(numbers)}/metrics")
            _log.info("serving", listen=_address(door), metrics=_address(numbers), runs=self._runs is not None)
            if self._runs is not None:
                self._runs.start()
            try:
                await self._until_stop()
            finally:
                await self._end(servers)

    async def _until_stop(self) -> None:
        while True:
            lost = self._serving.sign_ins.lost or (self._runs.lost if self._runs else None)
            if lost is not None:
                self._door.closed = CHECKPOINT_GONE
                raise lost
            try:
                self._clock.check()
            except Interrupted:
                return
            except MigratorError:
                self._door.closed = CHECKPOINT_GONE
                raise
            await asyncio.sleep(_LOOK_EVERY)

    async def _end(self, servers: list[_Server]) -> None:
        """Let nobody in any more, end what was begun, then close."""
        self._door.closed = self._door.closed or DRAINING
        _log.info("draining", look_ups=self._desk.in_flight)
        await self._desk.drain(_DRAIN_SECONDS)
        self._serving.sign_ins.stop_waiting()
        if self._runs is not None:
            await asyncio.to_thread(self._runs.stop)
        for server in servers:
            await server.close()


def _signatures(config: Config, clock: Clock) -> RequestSignatures | None:
    """What judges the requests' signatures, where the configuration wants them.

    Raises:
        ConfigError: the key cannot be used.
    """
    path, place = config.serve.public_key, config.place_of("serve.public_key")
    if path is None:
        return None
    try:
        text = Path(path).read_text(encoding="ascii")
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"{place}: the file {path} cannot be read ({type(error).__name__}).",
            fix="Name a PEM file with an Ed25519 public key: `openssl pkey -in private.pem -pubout`.",
        ) from None
    return RequestSignatures(text, place, clock.time)


class _Server:
    """One uvicorn server on one socket, without signal handlers of its own."""

    def __init__(self, app: ASGIApp, sock: socket.socket, tls: TlsFiles | None = None) -> None:
        # Its lines would name addresses, and what was sent.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        self._sock = sock
        self._config = uvicorn.Config(
            app,
            ws="none",
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            date_header=False,
            timeout_graceful_shutdown=_CLOSE_SECONDS,
            ssl_certfile=str(tls.cert) if tls else None,
            ssl_keyfile=str(tls.key) if tls else None,
        )
        self._server = uvicorn.Server(self._config)

    async def open(self) -> None:
        """Begin to accept requests.

        Raises:
            ConfigError: the certificate cannot be used.
        """
        try:
            self._config.load()
        except OSError as error:
            raise ConfigError(
                f"The certificate or its key cannot be used ({type(error).__name__}).",
                fix="Give PEM files with --tls-cert and --tls-key: the certificate with its chain, and its key without"
                " a password.",
            ) from None
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[self._sock])

    async def close(self) -> None:
        """Let requests end, and close every connection."""
        await self._server.shutdown(sockets=[self._sock])


@contextlib.contextmanager
def _listening(address: str, key: str) -> Iterator[socket.socket]:
    host, _, port = address.rpartition(":")
    host = host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        try:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            sock.bind((host, int(port)))
            sock.listen(_BACKLOG)
        except (OSError, UnicodeError) as error:
            why = error.strerror if isinstance(error, OSError) else None
            raise ConfigError(
                f"{key}: {address} cannot be listened to: {why or type(error).__name__}.",
                fix="Give another address or port, or end what listens there.",
            ) from None
        yield sock


def _address(sock: socket.socket) -> str:
    host, port = sock.getsockname()[:2]
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
