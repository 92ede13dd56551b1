"""The simulator's remote control: JSON over HTTP, for the machine it runs on.

GET /report, GET /behaviour, POST /behaviour {trait: value, ...}, POST /act {"act": name, ...}.
"""

from collections.abc import Awaitable, Callable
from json import JSONDecodeError

from aiohttp import web

from sandbox.smsc.acts import BadAct
from sandbox.smsc.character import as_json
from sandbox.smsc.server import SimulatedSmsc
from sandbox.smsc.traits import BadTraits

LOOPBACK = "127.0.0.1"


class Control:
    """Serves one simulator on loopback; `port` 0 lets the kernel choose."""

    def __init__(self, smsc: SimulatedSmsc, port: int = 0) -> None:
        self.port = port
        self._smsc = smsc
        application = web.Application(middlewares=[_errors_as_json])
        application.router.add_get("/report", self._report)
        application.router.add_get("/behaviour", self._behaviour)
        application.router.add_post("/behaviour", self._change)
        application.router.add_post("/act", self._act)
        self._runner = web.AppRunner(application, access_log=None)

    @property
    def url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    async def start(self) -> None:
        """Listen; OSError where the port cannot be had."""
        await self._runner.setup()
        await web.TCPSite(self._runner, LOOPBACK, self.port).start()
        self.port = self._runner.addresses[0][1]

    async def stop(self) -> None:
        """Listen no more."""
        await self._runner.cleanup()

    async def _report(self, _request: web.Request) -> web.Response:
        return web.json_response(self._smsc.report())

    async def _behaviour(self, _request: web.Request) -> web.Response:
        return web.json_response(as_json(self._smsc.character))

    async def _change(self, request: web.Request) -> web.Response:
        return web.json_response(as_json(await self._smsc.change(**await _body(request))))

    async def _act(self, request: web.Request) -> web.Response:
        details = await _body(request)
        name = str(details.pop("act", ""))
        return web.json_response({"done": self._smsc.act(name, **details)})


async def _body(request: web.Request) -> dict[str, object]:
    if request.content_type != "application/json":
        # A page in a browser may post plain text to this machine, but JSON only with our leave.
        raise web.HTTPUnsupportedMediaType(reason="Content-Type must be application/json")
    try:
        body = await request.json()
    except JSONDecodeError:
        raise web.HTTPBadRequest(reason="must be JSON") from None
    if not isinstance(body, dict):
        raise web.HTTPBadRequest(reason="must be a JSON object")
    return body


@web.middleware
async def _errors_as_json(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPError as error:
        return web.json_response({"error": error.reason}, status=error.status)
    except (BadAct, BadTraits) as error:
        return web.json_response({"error": str(error)}, status=web.HTTPBadRequest.status_code)
