"""A headless Chromium driven over its own protocol: as much as a test of one page needs."""

from __future__ import annotations

import base64
import itertools
import json
import shutil
import subprocess
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self

import websocket

if TYPE_CHECKING:
    from pathlib import Path
    from types import TracebackType

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-dev-shm-usage", "--no-first-run",
    "--no-default-browser-check", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-extensions", "--remote-debugging-port=0", "--window-size=1280,900",
)  # fmt: skip
PATIENCE = 60  # seconds for one answer
# Resolves as soon as the expression holds; the page's own frames are the clock.
_UNTIL = "new Promise(done => {{ const look = () => ({0}) ? done(true) : requestAnimationFrame(look); look(); }})"


@dataclass
class Page:
    """One open page and everything it asked for or complained about."""

    call: Any
    url: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def evaluate(self, expression: str) -> Any:
        """The value of a JavaScript expression, promises awaited."""
        answer = self.call("Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def until(self, condition: str) -> None:
        """Wait until a JavaScript expression holds."""
        self.evaluate(_UNTIL.format(condition))

    def click(self, selector: str) -> None:
        """Click what the selector names."""
        self.evaluate(f"document.querySelector({json.dumps(selector)}).click()")

    def press(self, key: str) -> None:
        """Press and release a key."""
        codes = {"Tab": 9, "Enter": 13}
        text = {"text": "\r"} if key == "Enter" else {}
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=codes[key], **text)

    def type(self, text: str) -> None:
        """Put text into what has the focus."""
        self.call("Input.insertText", text=text)

    def prefer(self, scheme: str, media: str = "") -> None:
        """Make the reader prefer light or dark, or the medium be print."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def screenshot(self, path: Path, clip: dict[str, Any] | None = None) -> None:
        """The whole page, or a rectangle of it, as a picture."""
        part = {"clip": clip} if clip else {}
        shot = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True, **part)
        path.write_bytes(base64.b64decode(shot["data"]))

    def pdf(self) -> bytes:
        """The page as it is printed."""
        return base64.b64decode(self.call("Page.printToPDF", printBackground=True)["data"])


class Browser:
    """A browser of our own with an empty profile, gone at the end."""

    def __init__(self, folder: Path) -> None:
        program = next((found for name in NAMES if (found := shutil.which(name))), None)
        assert program, f"No browser here: install one of {', '.join(NAMES)} (Debian: apt-get install chromium)."
        self._command = [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"]
        self._numbers = itertools.count(1)
        self._pages: dict[str, Page] = {}

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            self._command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
        )
        self._socket = websocket.create_connection(self._address(), timeout=PATIENCE, suppress_origin=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._call(None, "Browser.close")
        self._socket.close()
        self._process.communicate(timeout=PATIENCE)

    def _address(self) -> str:
        assert self._process.stderr is not None
        said = []
        for line in self._process.stderr:
            said.append(line)
            if line.startswith("DevTools listening on "):
                return line.split()[-1]
        raise AssertionError("".join(said))

    def open(self, url: str) -> Page:
        """Open a page and wait until it is loaded."""
        target = self._call(None, "Target.createTarget", url="about:blank")["targetId"]
        session = self._call(None, "Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = Page(lambda method, **params: self._call(session, method, **params), url)
        self._pages[session] = page
        for domain in ("Page", "Network", "Log", "Runtime"):
            page.call(f"{domain}.enable")
        page.call("Page.navigate", url=url)
        page.until(f"location.href === {json.dumps(url)} && document.readyState === 'complete'")
        return page

    def _call(self, session: str | None, method: str, **params: Any) -> dict[str, Any]:
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": params} | ({"sessionId": session} if session else {})
        self._socket.send(json.dumps(message))
        while True:
            answer = json.loads(self._socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, f"{method}: {answer['error']}"
                result: dict[str, Any] = answer["result"]
                return result
            page = self._pages.get(answer.get("sessionId", ""))
            if page is not None:
                _note(page, answer.get("method", ""), answer.get("params", {}))


def _note(page: Page, method: str, params: dict[str, Any]) -> None:
    if method == "Network.requestWillBeSent":
        page.requests.append(params["request"]["url"])
    elif method == "Log.entryAdded":
        page.complaints.append(params["entry"]["text"])
    elif method == "Runtime.exceptionThrown":
        page.complaints.append(json.dumps(params["exceptionDetails"]))
    elif method == "Runtime.consoleAPICalled":
        page.complaints.append(json.dumps(params["args"]))
