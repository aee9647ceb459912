"""The pictures of docs/report.md: `python tests/support/screenshots.py` renews them, of one made-up report.

The picture of the printed page is the page as the browser lays it out for paper, without its page breaks.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from browser import Browser, Page
from demo_page import write_demo

FOLDER = Path(__file__).parents[2] / "docs" / "screenshots"
SMALLER = 0.8  # than life, of the large ones
# name: color scheme, media, window, the element at the top of the picture
SHOTS: dict[str, tuple[str, str, tuple[int, int], str]] = {
    "light-first": ("light", "", (1280, 800), ""),
    "dark-first": ("dark", "", (1280, 800), ""),
    "light-people": ("light", "", (1280, 800), "#people"),
    "light-who": ("light", "", (1280, 800), "#who"),
    "400px-first": ("light", "", (400, 800), ""),
    "print-first": ("light", "print", (794, 860), ""),
}


def shoot(page: Page, name: str, folder: Path) -> Path:
    """Take one picture."""
    scheme, media, (width, height), top = SHOTS[name]
    page.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500)
    page.prefer(scheme, media)
    if media:
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
    y = page.evaluate(f"document.querySelector({top!r}).getBoundingClientRect().top + scrollY - 70") if top else 0
    clip: dict[str, Any] = {"x": 0, "y": y, "width": width, "height": height, "scale": SMALLER if width > 500 else 1}
    path = folder / f"{name}.png"
    page.screenshot(path, clip)
    return path


def main(folder: Path = FOLDER) -> list[Path]:
    """Take all pictures."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name, Browser(Path(name) / "browser") as browser:
        address = write_demo(Path(name) / "demo").as_uri()
        return [shoot(browser.open(address), one, folder) for one in SHOTS]


if __name__ == "__main__":
    for taken in main():
        print(taken, taken.stat().st_size)
