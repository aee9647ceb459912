"""A server for those who sign in, inside the test's own process: asked directly, or over HTTP."""

from __future__ import annotations

import http.client
import json
import threading
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from migrator.core.clock import Clock
from migrator.core.errors import MigratorError
from migrator.flow.sign_in.answer import SignInAnswer
from migrator.flow.sign_in.opening import open_serving
from migrator.serve.server import serve

if TYPE_CHECKING:
    from collections.abc import Iterator

    from world import Place

    from migrator.flow.sign_in.opening import Serving
    from migrator.flow.sign_in.sign_ins import SignIns

TOKEN = "made-up-token-of-a-test"
SECTION = {"listen": "127.0.0.1:0", "metrics_listen": "127.0.0.1:0", "token": TOKEN}


def put(place: Place, user_id: int, username: str, email: str, **keys: Any) -> None:
    """Somebody whom Docebo has from now on."""
    record = {"user_id": str(user_id), "username": username, "email": email, "fullname": "Nina Berg", "status": "1"}
    place.sandbox.control.put_docebo_user({**record, "level": "user", **keys})


@contextmanager
def at_the_door(place: Place, *, runs_inside: bool = False) -> Iterator[Serving]:
    """A server without its HTTP side."""
    with open_serving(place.config, Clock(), upgrade=True, runs_inside=runs_inside) as serving:
        yield serving
        serving.end(0)


def told(sign_ins: SignIns, name: str) -> SignInAnswer:
    """The answer, however long it takes."""
    known = sign_ins.known(name)
    if isinstance(known, SignInAnswer):
        return known
    asked = sign_ins.ask_descope(known, name) if known is not None else None
    return asked or sign_ins.look_up(name)


@dataclass
class Asked:
    """A server over HTTP."""

    clock: Clock
    thread: threading.Thread
    port: int = 0
    error: MigratorError | None = None
    serving: Serving | None = None

    @property
    def is_paused(self) -> bool:
        """Whether `migrator pause` has taken effect."""
        return self.serving is not None and self.serving.opened.context.clock.paused_since is not None

    def resolve(self, login: str, execution_id: str = "1") -> tuple[int, dict[str, Any]]:
        """The status and the document that a flow gets."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        body = json.dumps({"login": login, "execution_id": execution_id})
        connection.request("POST", "/v1/jit/resolve", body, {"Authorization": f"Bearer {TOKEN}"})
        answer = connection.getresponse()
        document: dict[str, Any] = json.loads(answer.read())
        connection.close()
        return answer.status, document

    def stop(self, seconds: float) -> bool:
        """Ask it to end; whether it did within so many seconds."""
        self.clock.request_stop()
        self.thread.join(seconds)
        return not self.thread.is_alive()


@contextmanager
def asked(place: Place, **section: Any) -> Iterator[Asked]:
    """A server that answers over HTTP until the block ends."""
    place.configure(serve={**SECTION, **section})
    is_up = threading.Event()

    def ready(at: str, _numbers: str) -> None:
        one.port = int(at.rpartition(":")[2])
        is_up.set()

    def work() -> None:
        try:
            with open_serving(place.config, one.clock, upgrade=True, runs_inside=False) as opened:
                one.serving = opened
                serve(opened, one.clock, None, None, ready)
                opened.end(0)
        except MigratorError as error:
            one.error = error

    one = Asked(Clock(), threading.Thread(target=work, daemon=True))
    one.thread.start()
    assert is_up.wait(30)
    yield one
    one.clock.request_stop()
    one.thread.join(60)
