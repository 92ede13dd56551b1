"""An operator-management-service that does its work until a test has it answer something else."""

from collections.abc import Awaitable, Callable, Iterator, Mapping
from contextlib import contextmanager
from types import TracebackType
from typing import Self

from aiohttp import web
from background_loop import BackgroundLoop
from simulated_operator import SimulatedOperator

from sandbox.process import LOOPBACK
from sandbox.tls import Identity, server_context

STOP_S = 0.1  # for answers under way

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


class HostileManagement:
    """Use it with `with`; it tells every group of the same operators, and never that nothing has changed."""

    def __init__(self, loop: BackgroundLoop, identity: Identity, operators: Mapping[str, SimulatedOperator]) -> None:
        self._loop = loop
        self._identity = identity
        self._operators = operators
        self._answer: Answer | None = None
        application = web.Application()
        application.router.add_get("/v1/connectors/{group}/operators", self._list)
        application.router.add_get("/v1/operators/{operator_id}/credentials", self._credentials)
        self._runner = web.AppRunner(application, access_log=None, shutdown_timeout=STOP_S)

    def __enter__(self) -> Self:
        self._loop.run(self._start())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._loop.run(self._runner.cleanup())

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self._runner.addresses[0][1]}"

    @contextmanager
    def answering(self, answer: Answer) -> Iterator[None]:
        """Every request gets this answer meanwhile."""
        self._answer = answer
        try:
            yield
        finally:
            self._answer = None

    async def _start(self) -> None:
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, 0, ssl_context=server_context(self._identity)).start()

    async def _list(self, request: web.Request) -> web.StreamResponse:
        if self._answer is not None:
            return await self._answer(request)
        return web.json_response({"operators": [operator.config for operator in self._operators.values()]})

    async def _credentials(self, request: web.Request) -> web.StreamResponse:
        if self._answer is not None:
            return await self._answer(request)
        credentials = self._operators[request.match_info["operator_id"]].credentials
        return web.json_response({"system_id": credentials.system_id, "password": credentials.password, "version": 1})
