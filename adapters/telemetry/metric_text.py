"""Prometheus' text format, version 0.0.4."""

from collections.abc import Iterable, Iterator, Mapping

from adapters.telemetry.metric_table import Metric
from adapters.telemetry.metric_values import TO_INFINITY, Series

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

_IN_HELP = str.maketrans({"\\": r"\\", "\n": r"\n"})
_IN_LABEL = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})


class MetricText:
    """Writes figures down; remembers how each series begins."""

    def __init__(self) -> None:
        self._beginnings: dict[Series, tuple[str, str]] = {}

    def of(self, ordered: Iterable[Series], figures: Mapping[Series, float]) -> bytes:
        """The series that have a figure; that of a bucket is what fell into it alone, as prometheus_client keeps it."""
        return "".join(self._lines(ordered, figures)).encode()

    def _lines(self, ordered: Iterable[Series], figures: Mapping[Series, float]) -> Iterator[str]:
        metric: Metric | None = None
        total = 0.0  # of the buckets of one histogram so far
        for series in ordered:
            value = figures.get(series)
            if value is None:
                continue
            if series.metric is not metric:
                metric = series.metric
                yield _head(metric)
            beginning, of_count = self._beginning(series)
            if not series.upper_bound:
                yield f"{beginning} {value!r}\n"
                continue
            total += value
            yield f"{beginning} {total!r}\n"
            if of_count:
                yield f"{of_count} {total!r}\n"
                total = 0.0

    def _beginning(self, series: Series) -> tuple[str, str]:
        """Of its line; and of the line of the count, which follows the last bucket of a histogram."""
        if series not in self._beginnings:
            bound = (("le", series.upper_bound),) if series.upper_bound else ()
            count = f"{series.metric.name}_count" if series.upper_bound == TO_INFINITY else ""
            self._beginnings[series] = (
                f"{series.name}{_labels(series.labels + bound)}",
                f"{count}{_labels(series.labels)}" if count else "",
            )
        return self._beginnings[series]


def _head(metric: Metric) -> str:
    return f"# HELP {metric.name} {metric.help.translate(_IN_HELP)}\n# TYPE {metric.name} {metric.kind.value}\n"


def _labels(pairs: Iterable[tuple[str, str]]) -> str:
    inside = ",".join(f'{name}="{value.translate(_IN_LABEL)}"' for name, value in pairs)
    return f"{{{inside}}}" if inside else ""
