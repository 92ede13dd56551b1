"""The demonstration's side of NATS against a stand-in for the service that behaves as a test wants."""

import asyncio
import json
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from io import StringIO
from pathlib import Path

import nats
import pytest
from nats.aio.msg import Msg
from rich.console import Console

from sandbox.demo import play
from sandbox.demo.cast import CAST
from sandbox.demo.dispatches import compose
from sandbox.demo.display import display_for
from sandbox.demo.play import Outcome, Play, PlayStopped
from sandbox.demo.simulator import Simulators
from sandbox.nats import NatsServer

MESSAGES = compose(6, ["alpha", "bravo"])
RATE = 1000.0
BOTH_BOUND = (("alpha", "BOUND"), ("bravo", "BOUND"))
IDS = [message.message_id for message in MESSAGES]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NatsServer]:
    """A server of its own, because the demonstration reads all of SMS_EVENTS."""
    with NatsServer(tmp_path / "nats") as running:
        yield running


class StandIn:
    """A service that settles each dispatch with as many final events as `finals` says, once unless told."""

    def __init__(self, health: Sequence[tuple[str, str]] = BOTH_BOUND, **finals: int) -> None:
        self.health = health
        self.finals = finals
        self.is_running = True

    @asynccontextmanager
    async def serving(self, server: NatsServer) -> AsyncIterator[None]:
        client = await nats.connect(server.url, nkeys_seed=str(server.seed_file))
        self._client = client
        await client.jetstream().add_stream(name="SMS_DISPATCH", subjects=["sms.dispatch.*"])
        await client.jetstream().add_stream(
            name="SMS_EVENTS", subjects=["sms.dlr.inbound", "sms.dead.dispatch", "operator.health"]
        )
        await client.subscribe("sms.dispatch.*", cb=self._settle)
        for operator_id, state in self.health:
            await self._publish("operator.health", {"operator_id": operator_id, "state": state})
        try:
            yield
        finally:
            await client.close()

    async def _settle(self, message: Msg) -> None:
        message_id = json.loads(message.data)["message_id"]
        event = {"message_id": message_id, "message_status": "DELIVERED"}
        await self._publish("sms.dlr.inbound", {**event, "final": False})
        for _ in range(self.finals.get(message_id.replace("-", "_"), 1)):
            await self._publish("sms.dlr.inbound", {**event, "final": True})
        if self.finals.get(message_id.replace("-", "_")) == 0:
            await self._publish("sms.dead.dispatch", {"reason": "of no use"})

    async def _publish(self, subject: str, event: object) -> None:
        await self._client.jetstream().publish(subject, json.dumps(event).encode())


async def performed(server: NatsServer, service: StandIn) -> Outcome:
    display = display_for(Console(file=StringIO()), MESSAGES)
    performance = Play(MESSAGES, display, lambda: service.is_running)
    async with service.serving(server):
        await performance.perform(server.url, server.seed_file, RATE)
    return performance.outcome()


def finals_of(outcome: Outcome) -> dict[str, list[str]]:
    return {message_id: [final.message_status for final in finals] for message_id, finals in outcome.finals.items()}


class TestPlay:
    @pytest.fixture(autouse=True)
    def _hurried(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(play, "QUIET_S", 0.3)
        monkeypatch.setattr(play, "STALL_S", 0.5)
        monkeypatch.setattr(play, "BOUND_TIMEOUT_S", 0.5)

    def test_every_message_is_published_and_its_final_event_taken(self, server: NatsServer) -> None:
        outcome = asyncio.run(performed(server, StandIn()))
        assert (list(outcome.published_at), finals_of(outcome), outcome.dead) == (
            IDS,
            {message_id: ["DELIVERED"] for message_id in IDS},
            [],
        )
        assert all(outcome.published_at[message_id] < outcome.finals[message_id][0].at for message_id in IDS)

    def test_a_second_final_event_is_seen(self, server: NatsServer) -> None:
        outcome = asyncio.run(performed(server, StandIn(demo_000006=2)))
        assert finals_of(outcome)["demo-000006"] == ["DELIVERED", "DELIVERED"]

    def test_a_missing_final_event_ends_the_wait_after_a_while(self, server: NatsServer) -> None:
        outcome = asyncio.run(performed(server, StandIn(demo_000003=0)))
        assert (IDS[2] in outcome.finals, len(outcome.finals), outcome.dead) == (False, 5, ["of no use"])

    @pytest.mark.parametrize("health", [BOTH_BOUND[:1], (*BOTH_BOUND, ("bravo", "UNBOUND"))])
    def test_nothing_is_published_while_an_operator_is_not_bound(
        self, server: NatsServer, health: Sequence[tuple[str, str]]
    ) -> None:
        with pytest.raises(PlayStopped, match=r"not BOUND after 0.5 s: bravo"):
            asyncio.run(performed(server, StandIn(health)))

    def test_the_end_of_the_service_ends_it(self, server: NatsServer) -> None:
        service = StandIn()
        service.is_running = False
        with pytest.raises(PlayStopped, match="the service has ended"):
            asyncio.run(performed(server, service))


def test_each_operator_is_a_process_with_a_port_and_a_login_of_its_own(tmp_path: Path) -> None:
    with Simulators(tmp_path, CAST) as simulators:
        assert [simulator.report()["submits"]["received"] for simulator in simulators.all] == [0, 0, 0]
        assert len({simulator.child.pid for simulator in simulators.all}) == 3
        assert len({simulator.config()["endpoints"][0]["port"] for simulator in simulators.all}) == 3
        assert len({simulator.credentials.password for simulator in simulators.all}) == 3
    assert not any(simulator.running for simulator in simulators.all)
