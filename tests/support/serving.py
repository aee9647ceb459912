"""`migrator serve` as the installed command, and a sign-in flow's questions to it over real HTTP."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import os
import re
import signal
import sys
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from zlib import crc32

from deadline import until
from world import Ended, become_the_command

from migrator.core.login_ids import login_key
from migrator.sandbox import people

if TYPE_CHECKING:
    import ssl
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from world import Place

TOKEN = "a-token-that-the-flow-and-the-server-share"
HOST = "127.0.0.1"
SECTION = {"listen": f"{HOST}:0", "metrics_listen": f"{HOST}:0", "token": TOKEN, "docebo_calls_per_hour": 900}
PATH = "/v1/jit/resolve"
ANSWER = {"v", "outcome", "login_id", "freshly_migrated", "retry_after_s", "request_id"}
ERROR = {"v", "error", "request_id"}
READY = re.compile(r"^Serving on (https?)://([\d.]+):(\d+); metrics on http://([\d.]+):(\d+)/metrics\.$", re.MULTILINE)
AT_ONCE = 0.7  # seconds, of a busy machine: no look-up, and less than what follows
HELD = 0.75  # seconds after which whatever is not ready is answered
PATIENCE = 30.0  # seconds


@dataclass(frozen=True)
class Reply:
    """One HTTP answer; `seconds` from the request to its last byte."""

    status: int
    headers: dict[str, str]
    body: bytes
    seconds: float

    @property
    def document(self) -> dict[str, Any]:
        """The JSON object of the body."""
        value: dict[str, Any] = json.loads(self.body)
        return value

    @property
    def outcome(self) -> str:
        """What the server says of the person."""
        assert self.status == 200, (self.status, self.body)
        return str(self.document["outcome"])

    def check(self) -> Self:
        """Hold the answer against its shape, whatever it says."""
        document = self.document
        assert document["v"] == 1
        assert isinstance(document["request_id"], str)
        assert document["request_id"]
        assert self.headers["content-type"].partition(";")[0] == "application/json"
        if self.status != 200:
            assert document.keys() == ERROR
            assert isinstance(document["error"], str)
            assert document["error"]
            assert ("retry-after" in self.headers) == (self.status in (429, 503))
            if self.status in (429, 503):
                assert int(self.headers["retry-after"]) >= 1
            return self
        assert document.keys() == ANSWER
        assert document["outcome"] in ("ready", "absent", "conflict", "refused", "busy")
        ready, busy = (document["outcome"] == word for word in ("ready", "busy"))
        assert isinstance(document["login_id"], str) if ready else document["login_id"] is None
        assert isinstance(document["freshly_migrated"], bool) if ready else document["freshly_migrated"] is None
        wait = document["retry_after_s"]
        assert type(wait) in (int, float) and wait > 0 if busy else wait is None
        return self


def question(login: Any, execution_id: str | None = None) -> bytes:
    """The body of a request; each is of a flow execution of its own unless said."""
    return json.dumps({"login": login, "execution_id": execution_id or str(uuid.uuid4())}).encode()


@dataclass
class Serving:
    """A server for one migration; it is gone when the block ends.

    Attributes:
        address, metrics: host and port it listens on.
    """

    place: Place
    options: tuple[str, ...] = ()
    section: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)
    tls: ssl.SSLContext | None = None

    def __enter__(self) -> Self:
        self.place.configure(serve={**SECTION, **self.section})
        number = next(_numbers)
        self._paths = [self.place.folder / f"serve{number}.{name}" for name in ("stdout", "stderr")]
        self._code: int | None = None
        with self._paths[0].open("wb") as out, self._paths[1].open("wb") as err:
            sys.stdout.flush()
            sys.stderr.flush()
            self.pid = os.fork()  # a second sooner than another interpreter
            if self.pid == 0:
                os.environ |= self.env
                become_the_command(self.place.folder, ("serve", *self.options), out.fileno(), err.fileno())
        try:
            found = until(self._ready, 60)
        except BaseException:
            self.kill()
            raise
        self.scheme = found[1]
        self.address = (found[2], int(found[3]))
        self.metrics = (found[4], int(found[5]))
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()

    def _ready(self) -> re.Match[str] | None:
        # With --json the line stands on stderr, as everything but the document.
        found = READY.search(self.printed)
        assert found or self.alive(), f"it ended with {self._code}: {self.printed}"
        return found

    @property
    def printed(self) -> str:
        """What it has said so far on stdout, then on stderr."""
        return "".join(path.read_text(encoding="utf-8") for path in self._paths)

    def alive(self) -> bool:
        """Whether it has not ended yet."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code is None

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.alive():
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
            self._code = -signal.SIGKILL

    def stop(self, number: signal.Signals = signal.SIGTERM) -> None:
        """Ask it to end in order."""
        assert self.alive()
        os.kill(self.pid, number)

    def ended(self, seconds: float = PATIENCE) -> Ended:
        """How it ended, which must be within so many seconds from now."""
        until(lambda: not self.alive(), seconds)
        out, err = (path.read_text(encoding="utf-8") for path in self._paths)
        assert self._code is not None
        return Ended(self._code, out, err)

    # --- questions -----------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: Mapping[str, str | bytes] | None = None,
        *,
        client: str = HOST,
        metrics: bool = False,
    ) -> Reply:
        """One request on a connection of its own.

        Args:
            body: pieces are sent as chunks, without a length.
            client: the loopback address it comes from.
            metrics: ask the other port.
        """
        host, port = self.metrics if metrics else self.address
        connection = (
            http.client.HTTPSConnection(host, port, timeout=PATIENCE, context=self.tls)
            if self.tls and not metrics
            else http.client.HTTPConnection(host, port, timeout=PATIENCE, source_address=(client, 0))
        )
        began = time.monotonic()
        try:
            connection.request(method, path, body, dict(headers or {}))
            answer = connection.getresponse()
            content = answer.read()
        finally:
            connection.close()
        named = {name.lower(): value for name, value in answer.getheaders()}
        return Reply(answer.status, named, content, time.monotonic() - began)

    def post(self, body: bytes | Iterable[bytes], client: str = HOST, **headers: str | bytes) -> Reply:
        """A question with the right token, unless `headers` say otherwise; the answer's shape is checked."""
        sent: dict[str, str | bytes] = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
        return self.call("POST", PATH, body, sent | headers, client=client).check()

    def resolve(self, login: str, execution_id: str | None = None, *, client: str = HOST) -> Reply:
        """Ask once for a person."""
        return self.post(question(login, execution_id), client)

    def settled(self, login: str, seconds: float = PATIENCE) -> Reply:
        """Ask for a person, as a flow does that tries again, until the answer is not `busy` any more."""

        def look() -> Reply | None:
            reply = self.resolve(login)
            return None if reply.outcome == "busy" else reply

        return until(look, seconds)

    def settle(self, logins: Sequence[str]) -> dict[str, Reply]:
        """Ask for many people at once, and again for whoever is `busy`: the answers by login."""
        replies: dict[str, Reply] = {}

        def look() -> bool:
            left = [login for login in logins if login not in replies]
            asked = zip(left, self.storm([question(login) for login in left]), strict=True)
            replies.update({login: reply for login, reply in asked if reply.check().outcome != "busy"})
            return replies.keys() >= set(logins)

        until(look, PATIENCE)
        return replies

    def outcomes(self, logins: Sequence[str]) -> dict[str, str]:
        """What is said of each in the end."""
        return {login: reply.outcome for login, reply in self.settle(logins).items()}

    def storm(self, questions: Sequence[bytes], client: str = HOST) -> list[Reply]:
        """Ask all of them at once, each on a connection of its own; the answers in the same order."""
        return asyncio.run(self._storm(questions, client))

    async def _storm(self, questions: Sequence[bytes], client: str) -> list[Reply]:
        return list(await asyncio.gather(*(self._ask(body, client) for body in questions)))

    async def _ask(self, body: bytes, client: str) -> Reply:
        head = f"POST {PATH} HTTP/1.1\r\nHost: {HOST}\r\nAuthorization: Bearer {TOKEN}\r\n"
        head += f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        return await self.raw(head.encode() + body, client)

    async def raw(self, data: bytes, client: str = HOST) -> Reply:
        """Send bytes as they are, and read until the server closes; status 0 when it says nothing."""
        began = time.monotonic()
        reader, writer = await asyncio.open_connection(*self.address, local_addr=(client, 0))
        try:
            writer.write(data)
            whole = await asyncio.wait_for(reader.read(), PATIENCE)
        except ConnectionResetError:
            whole = b""
        finally:
            writer.close()
        head, _, body = whole.partition(b"\r\n\r\n")
        status, *lines = head.decode("latin-1").split("\r\n")
        pairs = (line.partition(": ")[::2] for line in lines)
        code = int(status.split()[1]) if status else 0
        return Reply(code, {name.lower(): value for name, value in pairs}, body, time.monotonic() - began)


_numbers: Iterator[int] = itertools.count(1)


def person(place: Place, name: str, **keys: Any) -> dict[str, Any]:
    """Somebody new at Docebo, with an address and a user name that `name` begins; the record."""
    number = crc32(name.encode())
    record = people.person(number % 5000, 99).record
    record |= {"user_id": str(700_000_000 + number % 10**8), "status": "1", "expired": False, "avatar": ""}
    record |= {"email": f"{name}@example.org", "username": f"{name}.user", "encoded_username": f"{name}.user", **keys}
    place.sandbox.control.put_docebo_user(record)
    return record


def mark(place: Place) -> int:
    """Where the journal stands."""
    return len(place.sandbox.control.journal())


def looked_up(place: Place, since: int = 0) -> list[str]:
    """What Docebo was asked for in its list of users since then, one text per call."""
    calls = [one for one in place.journal("docebo", since) if one["path"] == "/manage/v1/user"]
    return [str(one["query"].get("search_text", "")) for one in calls]


def created(place: Place, since: int = 0) -> Counter[str]:
    """How often each login id was created in Descope since then, by its fold."""
    effects = [effect for one in place.journal("descope", since) for effect in one["committed"]]
    return Counter(login_key(login) for one in effects if one["op"] == "create" for login in one["loginIds"])


def of(place: Place, record: dict[str, Any]) -> dict[str, Any]:
    """The one Descope user that carries the mark of a record."""
    wanted = str(record["user_id"])
    (user,) = [one for one in place.targets() if (one["customAttributes"] or {}).get("doceboUserId") == wanted]
    return user


def migrate_few(place: Place) -> Place:
    """Four people whom a run has brought over, and the section that a server needs."""
    place.sandbox.control.reset(users=0, strangers=0)
    for number in range(4):
        person(place, f"known{number}")
    assert place.forked("run", "--yes").code == 0
    place.configure(serve=SECTION)
    return place


def run_rows(place: Place) -> list[dict[str, Any]]:
    """The rows of `migrator runs`."""
    rows: list[dict[str, Any]] = place.forked("runs", "--json").document["runs"]
    return rows


def slow_list(seconds: float = 3.0, **which: int) -> dict[str, Any]:
    """A fault: Docebo takes its time for its list of users."""
    return {"kind": "slow", "api": "docebo", "path": "/manage/v1/user$", "params": {"seconds": seconds}, **which}
