"""What the server counts, for a monitoring system; no personal data (docs/serve.md, "Metrics")."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from prometheus_client import Metric

_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 0.8, 1, 2)


class ServeMetrics(Collector):
    """Counts answers; what others count is asked when somebody looks.

    Args:
        calls: requests sent for those who sign in, by API, and how many of them were `throttled`.
        in_flight: how many names are being asked for.
    """

    def __init__(self, calls: Callable[[], Mapping[str, int]], in_flight: Callable[[], int]) -> None:
        self._calls = calls
        self._in_flight = in_flight
        self._registry = CollectorRegistry()
        self._registry.register(self)
        self._answers = Counter(
            "migrator_sign_in_answers",
            "Answers by HTTP status, outcome, and where they came from.",
            ["status", "outcome", "source"],
            registry=self._registry,
        )
        self._seconds = Histogram(
            "migrator_sign_in_seconds",
            "How long answers took.",
            ["outcome"],
            buckets=_SECONDS,
            registry=self._registry,
        )

    def count(self, status: int, outcome: str, source: str, seconds: float) -> None:
        """Count an answer; `outcome` and `source` are "" where the request was refused."""
        self._answers.labels(status=str(status), outcome=outcome, source=source).inc()
        self._seconds.labels(outcome=outcome).observe(seconds)

    def text(self) -> bytes:
        """All numbers, as a scraper reads them."""
        return generate_latest(self._registry)

    def describe(self) -> Iterator[Metric]:
        """Nothing: names need no counting."""
        return iter(())

    def collect(self) -> Iterator[Metric]:
        """What others count."""
        numbers = self._calls()
        calls = CounterMetricFamily("migrator_sign_in_calls", "Requests sent for sign-ins.", labels=["api"])
        for api in ("docebo", "descope"):
            calls.add_metric([api], numbers.get(api, 0))
        yield calls
        throttled = CounterMetricFamily("migrator_sign_in_throttled", "Answers of both APIs with 429.")
        throttled.add_metric([], numbers.get("throttled", 0))
        yield throttled
        names = GaugeMetricFamily("migrator_sign_in_names", "Names that are being asked for now.")
        names.add_metric([], self._in_flight())
        yield names
