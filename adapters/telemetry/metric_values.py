"""The file of one process's figures, as prometheus_client writes it, read as often as Prometheus asks.

The format is that of prometheus_client/mmap_dict.py: how much is used (4 bytes, 4 of padding), then entries of a length
(4 bytes), a key in JSON padded to a multiple of 8, a value and the time it was set (doubles). Entries are only added.
So each key is read once, and after that one `struct` takes all values of a file (docs/decisions/0032-scrape.md).
"""

import json
import struct
from collections.abc import Iterable
from pathlib import Path

from adapters.telemetry.metric_table import METRICS

HEADER_BYTES = 8
ALIGNMENT_BYTES = 8
FIGURES_BYTES = 16  # a value and its time
FIRST_READ_BYTES = 4096
TO_INFINITY = "+Inf"

# prometheus_client leaves the end of a counter's name out of the key.
_FAMILIES = {metric.name.removesuffix("_total"): (row, metric) for row, metric in enumerate(METRICS)}
_LENGTH = struct.Struct("=i")


class UnreadableValues(Exception):
    """What stands in the file are no entries."""


class Series:
    """One line of the exposition. Compared by identity: SeriesTable makes one for each key.

    upper_bound: of a bucket of a histogram, else "". place: the order of lines; buckets of a histogram stand together.
    """

    __slots__ = ("labels", "metric", "name", "place", "upper_bound")

    def __init__(self, key: bytes) -> None:
        family, self.name, labels, _help = json.loads(key)
        row, self.metric = _FAMILIES[family]
        self.upper_bound: str = labels.pop("le", "")
        self.labels: tuple[tuple[str, str], ...] = tuple(labels.items())
        bound = float(self.upper_bound) if self.upper_bound else 0.0
        self.place = (row, self.labels, not self.upper_bound, bound)


class SeriesTable:
    """Every series that any process has had."""

    def __init__(self) -> None:
        self._by_key: dict[bytes, Series] = {}
        self._ordered: list[Series] = []

    def of(self, key: bytes) -> Series:
        """Raises UnreadableValues."""
        if key not in self._by_key:
            try:
                self._by_key[key] = Series(key)
            except (ValueError, KeyError) as error:
                raise UnreadableValues from error
        return self._by_key[key]

    def ordered(self) -> Iterable[Series]:
        """As they stand in the exposition."""
        if len(self._ordered) < len(self._by_key):
            self._ordered = sorted(self._by_key.values(), key=lambda series: series.place)
        return self._ordered


class ValueFile:
    """One file; `series` are what `read` has found in it, in this order."""

    def __init__(self, path: Path, table: SeriesTable) -> None:
        self.path = path
        self.series: list[Series] = []
        self._table = table
        self._layout = struct.Struct(f"={HEADER_BYTES}x")

    def read(self) -> tuple[tuple[float, ...], tuple[float, ...]]:
        """The values of now, and when each was set. Raises UnreadableValues or OSError."""
        content = self._content()
        if not content:
            return (), ()
        figures = self._layout.unpack_from(content)
        return figures[::2], figures[1::2]

    def _content(self) -> bytes:
        """Up to where it is used, its keys known; empty while its process is making it."""
        with open(self.path, "rb", buffering=0) as file:
            content = file.read(max(FIRST_READ_BYTES, self._layout.size))
            used = _LENGTH.unpack_from(content)[0] if len(content) >= HEADER_BYTES else 0
            if used > len(content):
                content += file.read(used - len(content))
        if used > self._layout.size:
            self._learn(content[:used], used)
        return content if used else b""

    def _learn(self, content: bytes, used: int) -> None:
        """The entries that were added since the last time."""
        if len(content) < used or used % ALIGNMENT_BYTES:
            raise UnreadableValues
        layout, position, added = [self._layout.format], self._layout.size, []
        while position < used:
            key, figures_at = _entry(content, position)
            added.append(self._table.of(key))
            layout.append(f"{figures_at - position}xdd")
            position = figures_at + FIGURES_BYTES
        self._layout = struct.Struct("".join(layout))
        self.series += added


def _entry(content: bytes, position: int) -> tuple[bytes, int]:
    """The key of the entry that begins here, and where its value stands."""
    (length,) = _LENGTH.unpack_from(content, position)
    key_at = position + _LENGTH.size
    key_end = key_at + length
    figures_at = key_end + ALIGNMENT_BYTES - key_end % ALIGNMENT_BYTES  # there is always some padding
    if length < 0 or figures_at + FIGURES_BYTES > len(content):
        raise UnreadableValues
    return content[key_at:key_end], figures_at
