"""Progress while the messages are under way: bars in a terminal, a line now and then elsewhere."""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from types import TracebackType
from typing import Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from sandbox.demo.dispatches import DemoMessage

LINE_EVERY_S = 2.0

_PUBLISHED = "published"


class Display(Protocol):
    """Use it with `with`; `show` may be called as often as one likes."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def show(self, published: int, finals: Collection[str]) -> None:
        """So many are published; `finals` are the message ids with a final event."""


class Counts:
    """What there is to count, and how far it is."""

    def __init__(self, messages: Sequence[DemoMessage]) -> None:
        self._operator_of = {message.message_id: message.operator_id for message in messages}
        self.totals = {_PUBLISHED: len(messages), **Counter(self._operator_of.values())}

    def now(self, published: int, finals: Collection[str]) -> dict[str, int]:
        """By the names in `totals`."""
        final = Counter(self._operator_of[message_id] for message_id in finals if message_id in self._operator_of)
        return {name: published if name == _PUBLISHED else final[name] for name in self.totals}


class Bars:
    """A bar for what is published, and one with final events for each operator."""

    def __init__(self, console: Console, counts: Counts) -> None:
        columns = (TextColumn("  {task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        self._counts = counts
        # Drawn from `show` alone: a thread of its own would only add wake-ups to what is being measured.
        self._progress = Progress(*columns, console=console, auto_refresh=False)
        self._bars = {name: self._progress.add_task(name, total=total) for name, total in counts.totals.items()}

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._progress.stop()

    def show(self, published: int, finals: Collection[str]) -> None:
        """See Display."""
        for name, count in self._counts.now(published, finals).items():
            self._progress.update(self._bars[name], completed=count)
        self._progress.refresh()


class Lines:
    """One line each LINE_EVERY_S, and one at the end."""

    def __init__(self, console: Console, counts: Counts) -> None:
        self._console = console
        self._counts = counts
        self._line = self._shown = ""
        self._due = time.monotonic() + LINE_EVERY_S

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._print()

    def show(self, published: int, finals: Collection[str]) -> None:
        """See Display."""
        now = self._counts.now(published, finals)
        self._line = "  " + ", ".join(f"{name} {count}/{self._counts.totals[name]}" for name, count in now.items())
        if time.monotonic() > self._due:
            self._due += LINE_EVERY_S
            self._print()

    def _print(self) -> None:
        if self._line != self._shown:
            self._console.print(self._line, highlight=False)
            self._shown = self._line


def display_for(console: Console, messages: Sequence[DemoMessage]) -> Display:
    """Bars where they can be drawn."""
    counts = Counts(messages)
    return Bars(console, counts) if console.is_terminal else Lines(console, counts)
