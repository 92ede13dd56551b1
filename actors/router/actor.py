"""DispatchRouter: pulls from JetStream what the operators ask for, and supervises the OperatorActors."""

import asyncio
import contextlib
import logging
import time

from nats.aio.client import Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.errors import APIError

from actors.certificates import CertificateEnds
from actors.clients.event_publisher import EventPublisher
from actors.clients.management import management_client
from actors.clients.nats_client import connected_client
from actors.names import operator_name
from actors.router.backlogs import LOOK_EVERY_S, Backlogs
from actors.router.route import Route
from actors.router.strays import Strays
from actors.runtime.base import BaseActor
from actors.runtime.body import Body, Child, Figures, Shell
from actors.runtime.lanes import LaneClient
from actors.runtime.surroundings import surroundings
from adapters.nats.streams import StreamUnfit, ensure_consumer, ensure_streams
from adapters.operator_management import OperatorListing, OperatorManagementUnavailable
from adapters.telemetry.logs import log_event
from config.operators import OperatorConfig
from core.backoff import Backoff
from messages.control import CheckCredentials, Reconfigure, Start
from messages.lanes import ActorState

POLL_S = 30.0  # of the operator-management-service
CONFIG_CHANGED = "operator.config.changed"
PULL_CHECK_S = 5.0
STRAYS_EVERY_S = 60.0
OTHERS_RECONNECT_S = 2.0  # they try every half second
RETRY_FIRST_S, RETRY_MOST_S = 0.5, 10.0

log = logging.getLogger(__name__)


class DispatchRouterBody(Body):
    """Keeps one OperatorActor per enabled operator of our group, each fed by its own consumer."""

    def __init__(self, start: Start, shell: Shell) -> None:
        super().__init__(start, shell)
        self._routes: dict[str, Route] = {}
        self._leaving: set[str] = set()
        self._etag: str | None = None
        self._is_told = False
        self._poll_now = asyncio.Event()
        self._add_again = Backoff(RETRY_FIRST_S, RETRY_MOST_S)
        self._has_all = True
        self._may_have_new_credentials = False
        self._last_error = ""
        self._certificates = CertificateEnds()

    async def run(self) -> None:
        self._management = management_client()
        self.spawn(self._work())

    async def _work(self) -> None:
        self._client: Client = await connected_client(self.name, reconnected_cb=self._reconnected)
        self._backlogs = Backlogs(self._client)
        await self._client.subscribe(CONFIG_CHANGED, cb=self._config_changed)
        await self._ensure_streams()
        self.spawn(self._check_pulls())
        self.spawn(self._look_for_strays())
        self.spawn(self._look_at_backlogs())
        while True:
            await self._poll()
            self._pass_on_news()
            self._show_certificates()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._poll_now.wait(), POLL_S if self._has_all else self._add_again.next_s())
            self._poll_now.clear()

    async def _ensure_streams(self) -> None:
        backoff = Backoff(RETRY_FIRST_S, RETRY_MOST_S)
        while True:
            try:
                await ensure_streams(self._client, manage=surroundings().settings.nats_manage_streams)
            except (StreamUnfit, NatsError, OSError) as error:
                self._failed(f"streams: {error}")
                await asyncio.sleep(backoff.next_s())
            else:
                return

    # Which operators there are.

    async def _config_changed(self, _message: Msg) -> None:
        self._has_news()

    def _has_news(self) -> None:
        """Of what kind is not known: the list would show new settings, but not new credentials."""
        self._may_have_new_credentials = True
        self._poll_now.set()

    def _pass_on_news(self) -> None:
        """After the poll, so that a session that it has bound anew is found to have the newest ones already."""
        if self._may_have_new_credentials:
            self._may_have_new_credentials = False
            for operator_id in self._routes:
                self.tell_child(operator_name(operator_id), CheckCredentials())

    async def _poll(self) -> None:
        backoff = Backoff(RETRY_FIRST_S, RETRY_MOST_S)
        while not self.draining:
            try:
                listing = await self._management.fetch_operators(self._etag)
            except OperatorManagementUnavailable as error:
                self._failed(f"operator-management-service: {error}")
                if self._routes:
                    return
                await asyncio.sleep(backoff.next_s())
            else:
                self._recovered()
                if listing is not None:
                    await self._apply(listing)
                return

    async def _apply(self, listing: OperatorListing) -> None:
        for refused in listing.refused:
            log_event(log, logging.ERROR, "operator_refused", refused.reason, operator_id=refused.operator)
        wanted = {operator.operator_id: operator for operator in listing.operators if operator.enabled}
        unusable = {refused.operator for refused in listing.refused}  # their last good settings stay in use
        for operator_id in self._routes.keys() - wanted.keys() - unusable:
            self._remove(operator_id)
        for operator_id, route in self._routes.items():
            if operator_id in wanted and route.operator != wanted[operator_id]:
                self._reconfigure(route, wanted[operator_id])
        new = wanted.keys() - self._routes.keys() - self._leaving
        self._has_all = await self._add_all([wanted[operator_id] for operator_id in new])
        self._etag = listing.etag if self._has_all and self._leaving.isdisjoint(wanted) else None
        self._is_told = self._is_told or self._has_all

    async def _add_all(self, operators: list[OperatorConfig]) -> bool:
        """Whether all were; the others are tried again, and meanwhile changes of those that are there are heard."""
        has_all = True
        for operator in operators:
            try:
                await self._add(operator)
            except (NatsError, OSError) as error:
                has_all = False
                self._failed(f"consumer of {operator.operator_id}: {type(error).__name__}")
                if not isinstance(error, APIError):
                    return False  # nobody has answered: for the next one, too, it would take seconds
        if has_all:
            self._add_again.reset()
        return has_all

    async def _add(self, operator: OperatorConfig) -> None:
        """Raises NatsError or OSError, with nothing begun."""
        name = operator_name(operator.operator_id)
        consumer = await ensure_consumer(self._client, operator.operator_id)
        lane = LaneClient(self.lane_of(name), lambda frame: route.received(frame))
        route = Route(operator, lane, self._client, consumer)
        await route.news.follow()
        self._routes[operator.operator_id] = route
        route.follower = self.spawn(route.follow_demand())
        await self._backlogs.look([operator.operator_id])
        self.start_child("actors.operator.actor.OperatorActor", name, operator)

    def _reconfigure(self, route: Route, operator: OperatorConfig) -> None:
        route.operator = operator
        name = operator_name(operator.operator_id)
        self.children[name].argument = operator
        self.tell_child(name, Reconfigure(operator))

    def _remove(self, operator_id: str) -> None:
        """In the background, as it may take as long as a stop; it can come again when it has ended."""
        self._leaving.add(operator_id)
        self._backlogs.forget(operator_id)
        self._certificates.forget(operator_id)
        self.spawn(self._drain_and_end(self._routes.pop(operator_id)))

    async def _drain_and_end(self, route: Route) -> None:
        name = operator_name(route.operator.operator_id)
        route.pull.withdraw()
        await self.drain_children({name}, time.monotonic() + surroundings().settings.drain_timeout_s)
        route.close()
        await route.news.close()
        await self.end_child(name)
        self._leaving.discard(route.operator.operator_id)
        self._poll_now.set()

    # Life of the OperatorActors.

    def child_started(self, child: Child) -> None:
        for route in self._routes.values():
            if operator_name(route.operator.operator_id) == child.name:
                route.lane.start()

    # NATS.

    async def _reconnected(self) -> None:
        """First say what is still held here, and give the other replicas time to do so: after a restart of NATS, or a
        long absence, whoever asks first would get it."""
        self._has_news()  # what was told meanwhile was not heard
        for route in list(self._routes.values()):
            await route.keep_recent()
        await asyncio.sleep(OTHERS_RECONNECT_S)
        for route in list(self._routes.values()):
            await route.pull.ask_anew()

    async def _check_pulls(self) -> None:
        while True:
            await asyncio.sleep(PULL_CHECK_S)
            for route in list(self._routes.values()):
                await route.pull.check(asyncio.get_running_loop().time())

    async def _look_for_strays(self) -> None:
        strays = Strays(await EventPublisher.over(self._client), self._management)
        while True:
            await asyncio.sleep(STRAYS_EVERY_S)
            await strays.look(self._routes)

    # What a person on call looks at.

    async def _look_at_backlogs(self) -> None:
        while True:
            await asyncio.sleep(LOOK_EVERY_S)
            await self._backlogs.look(list(self._routes))

    def _show_certificates(self) -> None:
        self._certificates.show_files(surroundings().settings)
        for route in self._routes.values():
            self._certificates.show_authorities(route.operator)

    def _failed(self, reason: str) -> None:
        self._last_error = reason
        self.set_state(ActorState.DEGRADED)
        log_event(log, logging.WARNING, "router_degraded", reason)

    def _recovered(self) -> None:
        self._last_error = ""
        self.set_state(ActorState.RUNNING)

    # Stopping and looking.

    async def drain(self, deadline: float) -> None:
        for route in self._routes.values():
            route.pull.withdraw()
        await self.drain_children(self.children, deadline)

    def _nats_state(self) -> str:
        client = getattr(self, "_client", None)
        return "connected" if client is not None and client.is_connected else "not connected"

    def figures(self) -> Figures:
        routes = self._routes.values()
        return {
            "operators": len(self._routes),
            "operators_known": self._is_told,
            "forwarded": sum(route.forwarded for route in routes),
            "demand": sum(route.pull.demand for route in routes),
            "nats": self._nats_state(),
            "last_error": self._last_error,
        }


class DispatchRouter(BaseActor):
    body_class = DispatchRouterBody
