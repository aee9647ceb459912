"""A gateway before the sandbox's Docebo that changes what its user list says, for lies the sandbox does not tell."""

from __future__ import annotations

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import requests

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Lie = Callable[[int, dict[str, Any]], dict[str, Any]]

LIST = "/manage/v1/user"
TIMEOUT = 10  # seconds


@contextmanager
def docebo_that_says(lie: Lie, docebo_url: str) -> Iterator[str]:
    """The URL of a Docebo whose list answers are `lie(page number, data)`."""

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *_: Any) -> None:
            """Keep quiet."""

        def _forward(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            names = ("Authorization", "Content-Type")
            headers = {name: self.headers[name] for name in names if name in self.headers}
            answer = requests.request(self.command, docebo_url + self.path, data=body, headers=headers, timeout=TIMEOUT)
            content = answer.content
            if answer.ok and self.path.startswith(f"{LIST}?"):
                document = answer.json()
                document["data"] = lie(int(document["data"]["current_page"]), document["data"])
                content = json.dumps(document).encode()
            self.send_response(answer.status_code)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = _forward  # noqa: N815 -- the names that the base class asks for

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
