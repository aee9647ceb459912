"""Serve both APIs and the control API on loopback, in one process and one event loop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
import os
import signal
import socket
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import uvicorn

from migrator.sandbox import control, descope, docebo
from migrator.sandbox.exchange import Protocol
from migrator.sandbox.recorder import Recorder
from migrator.sandbox.world import Population, World

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import ASGIApp

HOST: Final = "127.0.0.1"
_STDIN: Final = 0


@dataclass(frozen=True, slots=True)
class Ports:
    """Where to listen; 0 lets the operating system choose."""

    docebo: int = 0
    descope: int = 0
    control: int = 0


@dataclass(frozen=True, slots=True)
class Urls:
    """Where the three servers listen."""

    docebo: str
    descope: str
    control: str


def serve(
    population: Population,
    ports: Ports,
    ready: Callable[[Urls], None],
    *,
    exit_with_stdin: bool = False,
) -> None:
    """Serve until SIGTERM or SIGINT; to be called in the main thread.

    Args:
        population: who is there at the start.
        ports: where to listen.
        ready: called once when all three servers accept requests.
        exit_with_stdin: also end when standard input does, which is when the parent process is gone.

    Raises:
        OSError: a port is taken.
    """
    asyncio.run(_serve(World(population), ports, ready, exit_with_stdin=exit_with_stdin))


async def _serve(world: World, ports: Ports, ready: Callable[[Urls], None], *, exit_with_stdin: bool) -> None:
    apps: dict[str, ASGIApp] = {
        "docebo": Recorder(docebo.build(world.docebo), world, "docebo"),
        "descope": Recorder(descope.build(world.descope), world, "descope"),
        "control": control.build(world),
    }
    with contextlib.ExitStack() as stack:
        listeners = {name: stack.enter_context(_listener(getattr(ports, name))) for name in apps}
        servers = [_Server(app, listeners[name]) for name, app in apps.items()]
        stop = asyncio.Event()
        _stop_on_signals(stop)
        if exit_with_stdin:
            _stop_on_end_of_stdin(stop)
        for server in servers:
            await server.open()
        gc.freeze()  # the people made so far need no looking at in every collection
        ready(Urls(**{name: f"http://{HOST}:{sock.getsockname()[1]}" for name, sock in listeners.items()}))
        await stop.wait()
        # From here on requests still open are cut off; uvicorn would report each as an error.
        logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL + 1)
        for server in servers:
            server.abort()


class _Server:
    """One uvicorn server on one socket, without uvicorn's own signal handling and polling loop."""

    def __init__(self, app: ASGIApp, sock: socket.socket) -> None:
        config = uvicorn.Config(
            app,
            http=Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            server_header=False,
            timeout_keep_alive=3600,
        )
        self._server = uvicorn.Server(config)
        self._config = config
        self._sock = sock

    async def open(self) -> None:
        """Begin to accept requests."""
        self._config.load()
        self._server.lifespan = self._config.lifespan_class(self._config)
        await self._server.startup(sockets=[self._sock])

    def abort(self) -> None:
        """Accept nothing more and drop every connection."""
        for listener in self._server.servers:
            listener.close()
        for connection in list(self._server.server_state.connections):
            connection.transport.abort()


@contextlib.contextmanager
def _listener(port: int) -> Iterator[socket.socket]:
    # asyncio turns Nagle's algorithm off only where the protocol is named: else each answer waits 40 ms.
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
        sock.listen(512)
        yield sock


def _stop_on_signals(stop: asyncio.Event) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)


def _stop_on_end_of_stdin(stop: asyncio.Event) -> None:
    """Read standard input in a thread: not every kind of it can be watched by the event loop."""
    loop = asyncio.get_running_loop()

    def drain() -> None:
        while os.read(_STDIN, 4096):
            pass
        with contextlib.suppress(RuntimeError):  # the loop is closed already
            loop.call_soon_threadsafe(stop.set)

    threading.Thread(target=drain, name="stdin", daemon=True).start()
