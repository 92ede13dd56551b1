"""Messages to one operator at an even rate, for as long as wanted."""

import threading
from collections.abc import Iterator
from types import TracebackType
from typing import Self

from mobile_operator import MobileOperator
from platform_side import Platform

LAST_S = 30.0  # for what is being published when it ends


class SteadyLoad:
    """Use it with `with`; `ids` are the message_ids, and the text of the first begins with #0, of the next with #1."""

    def __init__(self, platform: Platform, operator: MobileOperator, tps: float) -> None:
        self.ids: list[str] = []
        self._platform = platform
        self._operator_id = operator.operator_id
        self._tps = tps
        self._is_over = threading.Event()

    def __enter__(self) -> Self:
        self._published = self._platform.dispatch_load(self._operator_id, self._endless_ids(), self._tps)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        self._published.result(LAST_S)

    def _endless_ids(self) -> Iterator[str]:
        while not self._is_over.is_set():
            self.ids.append(f"{self._operator_id}-load-{len(self.ids)}")
            yield self.ids[-1]
