"""Both APIs with as little as a run needs and a constant delay, in a process of their own: for benchmarks alone.

Quicker than the sandbox by not checking anything. `python tests/support/lean_server.py USERS MILLISECONDS` serves both
on one loopback port, prints it, and ends when its standard input does. `GET /stats` tells the calls by path, the CPU
seconds spent and how many users Descope holds.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import resource
import subprocess
import sys
import threading
from collections import Counter
from typing import TYPE_CHECKING, Any, Self
from urllib.parse import parse_qs, urlsplit

import requests

from migrator.sandbox import people

if TYPE_CHECKING:
    from collections.abc import Callable
    from types import TracebackType

_FIRST = 10_000_000  # ids of eight digits
_TEMPLATES = 200
_SLOT = "@SLOT@"
_UNKNOWN = b'{"errorCode": "E112102"}'
_SAME = {
    "/oauth2/token": b'{"access_token": "lean", "expires_in": 36000, "refresh_token": "lean"}',
    "/manage/v1/user/session": b'{"data": {"user_level": "super_admin"}}',
    "/manage/v1/user_fields": b'{"data": {"items": [], "has_more_data": false}}',
    "/license": b'{"rateLimitTier": "tier2"}',
}


class _World:
    """Docebo's people by number, and Descope's users as the bytes that show them."""

    def __init__(self, users: int) -> None:
        self.users = users
        self.calls: Counter[str] = Counter()
        self._templates = [_template(number) for number in range(_TEMPLATES)]
        self._defined: list[dict[str, Any]] = []
        self._by_id: dict[str, bytes] = {}
        self._by_login: dict[str, str] = {}
        self._by_mark: dict[str, str] = {}
        self._answers: dict[str, Callable[[Any], bytes]] = {
            "/user/customattributes": self._attributes,
            "/user/customattribute/create": self._attributes,
            "/user/search": self._search,
            "/user/create/batch": self._create_batch,
            "/user/create": self._create_one,
            "/users/load": self._load,
            "/stats": self._stats,
        }

    def answer(self, path: str, query: str, body: bytes) -> bytes | None:
        """The JSON that answers a request; None for a user that is not there."""
        self.calls[path] += 1
        kind = path.rpartition("/mgmt")[2]
        if kind == "/manage/v1/user":
            asked = parse_qs(query)
            return self._page(int(asked["page"][0]), int(asked["page_size"][0]))
        if kind == "/user":
            asked = parse_qs(query)
            found = self._by_id.get(
                asked["userId"][0] if "userId" in asked else self._by_login.get(asked["loginId"][0], "")
            )
            return None if found is None else b'{"user": ' + found + b"}"
        if kind in _SAME:
            return _SAME[kind]
        return self._answers[kind](json.loads(body or b"null"))

    def _attributes(self, asked: dict[str, Any] | None) -> bytes:
        self._defined += asked["attributes"] if asked else []
        return json.dumps({"data": self._defined}).encode()

    def _create_batch(self, asked: dict[str, Any]) -> bytes:
        return b'{"createdUsers": [' + b",".join(map(self._create, asked["users"])) + b'], "failedUsers": []}'

    def _create_one(self, asked: dict[str, Any]) -> bytes:
        return b'{"user": ' + self._create(asked) + b"}"

    def _load(self, asked: dict[str, Any]) -> bytes:
        return b'{"users": [' + b",".join(self._by_id[one] for one in asked["userIds"] if one in self._by_id) + b"]}"

    def _stats(self, _asked: None) -> bytes:
        used = resource.getrusage(resource.RUSAGE_SELF)
        figures = {"calls": self.calls, "cpu": used.ru_utime + used.ru_stime, "created": len(self._by_id)}
        return json.dumps(figures).encode()

    def _page(self, page: int, size: int) -> bytes:
        first, last = (page - 1) * size, min(page * size, self.users)
        shown = [self._templates[n % _TEMPLATES].replace(_SLOT, str(_FIRST + n)) for n in range(first, last)]
        more = "true" if last < self.users else "false"
        tail = f'"has_more_data": {more}, "total_count": {self.users}'
        return f'{{"data": {{"items": [{",".join(shown)}], {tail}}}}}'.encode()

    def _search(self, asked: dict[str, Any]) -> bytes:
        keys, index = asked.get("loginIds"), self._by_login
        if keys is None:
            keys, index = asked["customAttributes"]["doceboUserId"], self._by_mark
        found = [] if asked.get("page") else [self._by_id[index[key]] for key in keys if key in index]
        total = sum(key in index for key in keys)
        return b'{"users": [' + b",".join(found) + f'], "total": {total}}}'.encode()

    def _create(self, user: dict[str, Any]) -> bytes:
        login_id, user_id = user.pop("loginId"), f"U{len(self._by_id):026d}"
        user |= {"userId": user_id, "loginIds": [login_id]}
        shown = self._by_id[user_id] = json.dumps(user).encode()
        self._by_login[login_id] = user_id
        self._by_mark[str(user.get("customAttributes", {}).get("doceboUserId"))] = user_id
        return shown


def _template(number: int) -> str:
    """A made-up person whose id and address have a slot for a number."""
    own = {"user_id": _SLOT, "username": f"user{_SLOT}", "email": f"user{_SLOT}@example.org"}
    return json.dumps(people.person(number, 1).record | own)


class _Connection(asyncio.Protocol):
    def __init__(self, world: _World, delay: float) -> None:
        self._world, self._delay = world, delay
        self._received = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        self._received += data
        while (end := self._received.find(b"\r\n\r\n")) >= 0:
            head = bytes(self._received[:end])
            length = next(
                (int(line[15:]) for line in head.lower().split(b"\r\n") if line[:15] == b"content-length:"), 0
            )
            if len(self._received) < end + 4 + length:
                return
            body = bytes(self._received[end + 4 : end + 4 + length])
            del self._received[: end + 4 + length]
            target = urlsplit(head.split(b" ", 2)[1].decode())
            answer = self._world.answer(target.path, target.query, body)
            status = b"404 Not Found" if answer is None else b"200 OK"
            answer = _UNKNOWN if answer is None else answer
            text = b"HTTP/1.1 %s\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n" % (
                status,
                len(answer),
            )
            if self._delay and target.path != "/stats":
                asyncio.get_running_loop().call_later(self._delay, self._send, text + answer)
            else:
                self._send(text + answer)

    def _send(self, data: bytes) -> None:
        if not self._transport.is_closing():
            self._transport.write(data)


async def _serve(users: int, delay: float) -> None:
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    world = _World(users)
    server = await loop.create_server(lambda: _Connection(world, delay), "127.0.0.1", 0)

    def drain() -> None:
        while os.read(0, 4096):
            pass
        with contextlib.suppress(RuntimeError):
            loop.call_soon_threadsafe(over.set)

    threading.Thread(target=drain, daemon=True).start()
    print(server.sockets[0].getsockname()[1], flush=True)
    await over.wait()
    server.close()


class LeanServer:
    """Context manager around the process; `url` is the base URL of both APIs.

    Args:
        users: how many people Docebo has.
        delay: seconds that each answer takes at least.
    """

    def __init__(self, users: int, delay: float) -> None:
        self._command = [sys.executable, __file__, str(users), str(1000 * delay)]

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        assert self._process.stdout is not None
        self.url = f"http://127.0.0.1:{int(self._process.stdout.readline())}"
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._process:
            assert self._process.stdin is not None
            self._process.stdin.close()

    def stats(self) -> dict[str, Any]:
        """What `/stats` tells."""
        figures: dict[str, Any] = requests.get(f"{self.url}/stats", timeout=60).json()
        return figures


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), float(sys.argv[2]) / 1000))
