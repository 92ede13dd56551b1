"""The status page over a tree that a test changes."""

from types import TracebackType
from typing import Any, Self

from background_loop import BackgroundLoop

from actors.overview import overview_now
from adapters.http_endpoint import HttpEndpoint

Node = dict[str, Any]


class PageServer:
    """Serves the page of `tree`, which may be set at any time; None: the service does not answer. looks: how often the
    tree was asked for."""

    def __init__(self, loop: BackgroundLoop) -> None:
        self._loop = loop
        self._port = 0
        self.tree: Node | None = {}
        self.looks = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/"

    def start(self) -> None:
        """Again at the port of the last time, if there was one."""
        self._endpoint = HttpEndpoint(self._status, _alive, _ready, bytes, overview_now)
        self._port = self._loop.run(self._endpoint.start("127.0.0.1", self._port))

    def stop(self) -> None:
        self._loop.run(self._endpoint.stop())

    async def _status(self) -> Node:
        self.looks += 1
        if self.tree is None:
            raise TimeoutError
        return self.tree

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


async def _alive() -> bool:
    return True


async def _ready() -> tuple[bool, str]:
    return True, "ready"
