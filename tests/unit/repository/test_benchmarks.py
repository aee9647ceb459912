"""The figures of docs/performance.md are those of the last `make bench --record`, in table and plot alike."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree as ET

from bench_record import DATA, PAGE, PLOT, Figures, plot, record, table

DOCS = Path(__file__).parents[3] / "docs"
ONE = Figures(10_000, 100, "sqlite", 9.5, 1053, 0.4, 0.1, 46.2, 110, 1600, 4.2, 5, 6.0, 9.8, None)


def measured() -> list[Figures]:
    return [Figures(**one) for one in json.loads((DOCS / DATA).read_text(encoding="utf-8"))["figures"]]


def test_the_page_shows_what_was_measured() -> None:
    """Whoever changes a figure by hand, or measures without renewing the page, is told."""
    assert table(measured()) in (DOCS / PAGE).read_text(encoding="utf-8")
    assert plot(measured()) == (DOCS / PLOT).read_text(encoding="utf-8")


def test_a_measurement_renews_page_plot_and_data(tmp_path: Path) -> None:
    """What stands around the markers stays, and so do the markers, for the next time."""
    (tmp_path / PAGE).write_text("before\n<!-- benchmarks -->\nold\n<!-- end of benchmarks -->\nafter\n", "utf-8")

    for _ in range(2):
        record(tmp_path, {"date": "2026-11-28", "machine": "2 cores", "load": 0.1, "figures": []}, [ONE])

    text = (tmp_path / PAGE).read_text(encoding="utf-8")
    assert text.startswith("before\n<!-- benchmarks -->\n")
    assert text.endswith("<!-- end of benchmarks -->\nafter\n")
    assert "old" not in text
    assert "Measured on 2026-11-28, 2 cores, load 0.1 before the first run." in text
    assert table([ONE]) in text
    ET.parse(tmp_path / PLOT)  # noqa: S314 -- our own
