"""One service, operators of whom each plays a part, and all that a metric counts happening once or a few times."""

import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from typing import Any

import psycopg
from background_loop import BackgroundLoop
from fleet import Fleet
from known_endpoint import make_known
from mobile_operator import STEADY, MobileOperator
from operator_site import Site
from platform_side import DEAD, MO, Platform
from prometheus_client.parser import text_string_to_metric_families
from waiting import wait_until

from sandbox.stack import Stack
from smpp.constants import ESM_CLASS_RECEIPT, CommandId
from smpp.hot import ShortMessage, encode_short_message, pdu

SEEN_S = 30.0
TPS = 5  # of the operator at whose limit messages wait
ASKED_OFTEN = replace(STEADY, enquire_link_s=1.0)
REFUSED_NUMBER = "+4999000"
CURLY = "“quoted” – with substitutes"
PAST = "2020-01-01T00:00:00Z"
STRAY = b"id:987654321 sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 stat:DELIVRD err:000 text:"

Samples = list[tuple[str, dict[str, str], float]]


class Scene:
    """After `play`, what has happened can be asked of the operators' sites, the platform and the database."""

    def __init__(self, stack: Stack, loop: BackgroundLoop, fleet: Fleet, platform: Platform) -> None:
        self.stack = stack
        self.platform = platform
        self._loop = loop
        self._fleet = fleet
        self._sites = ExitStack()
        self.counted = self._operator(
            "counted",
            self._site(prefix_statuses=f"{REFUSED_NUMBER[1:]}=ESME_RINVDSTADR"),
            timers=ASKED_OFTEN,
            text={"transliterate": True},
        )
        self.paced = self._operator("paced", self._site(), tps=TPS)
        self.mute = self._operator("mute", self._site(no_answer_percent=100), unknown_outcome="report")
        self.moving = self._operator("moving", self._site(id_prefix="p-"), self._site(id_prefix="b-"))
        self.leased = self._operator("leased", self._site(), bind={"sessions": 2, "max_binds": 1})
        self.shut = self._operator("shut", self._site(bind_status="ESME_RINVPASWD"))
        self.swept = 0

    @contextmanager
    def play(self) -> Iterator[None]:
        """The whole scenario; the service runs until the block ends."""
        with self._sites:
            self._loop.run(make_known(self.stack.redis.url, self.leased.operator_id))
            self._fleet.tell(*self.operators)
            (self.service,) = self._fleet.start("replica")
            for operator in (self.counted, self.paced, self.mute, self.moving, self.leased):
                operator.wait_bound(self.service) if operator is not self.leased else operator.sites[0].wait_for_binds(
                    1
                )
            self._send_what_waits()
            self._fail_over()
            self._send_what_is_counted()
            self._deliver()
            self._lose_answers()
            self._fail_back()
            self._sweep()
            self._kill("health-publisher")
            yield

    @property
    def operators(self) -> list[MobileOperator]:
        return [self.counted, self.paced, self.mute, self.moving, self.leased, self.shut]

    # What the service says.

    def samples(self) -> Samples:
        families = text_string_to_metric_families(self.service.get("/metrics"))
        return [(sample.name, sample.labels, sample.value) for family in families for sample in family.samples]

    def value(self, name: str, of: MobileOperator | None = None, **labels: str) -> float | None:
        """Of the one series with these labels; None where there is none."""
        wanted = labels if of is None else {"operator": of.operator_id, **labels}
        found = [value for sample, has, value in self.samples() if sample == name and has == wanted]
        return found[0] if found else None

    def by(self, label: str, name: str, operator: MobileOperator) -> dict[str, float]:
        """The operator's series, by that label, without those that stand at 0."""
        return {
            labels[label]: value
            for sample, labels, value in self.samples()
            if sample == name and labels.get("operator") == operator.operator_id and value
        }

    # What has happened.

    def tell(self, *operators: MobileOperator) -> None:
        """From now on these are the operators."""
        self._fleet.tell(*operators)

    def restarts(self) -> dict[str, int]:
        """As the tree shows them."""
        node = self.service.running_node("health-publisher")
        return {node["actor"]: node["restarts"]}

    def _send_what_waits(self) -> None:
        for operator in (self.paced, self.shut):
            for _ in range(3 * TPS):
                self.platform.dispatch(operator.operator_id)

    def _send_what_is_counted(self) -> None:
        name = self.counted.operator_id
        messages = [
            *[{"text": "Hello"}] * 10,
            {"text": "x" * 400},
            *[{"text": CURLY}] * 2,
            *[{"to": f"{REFUSED_NUMBER}1"}] * 2,
            {"expires_at": PAST},
        ]
        ids = [self.platform.dispatch(name, **fields) for fields in messages]
        for message_id in ids:
            self.platform.final_event(message_id, SEEN_S)
        self.platform.dispatch(name, message_id=ids[0])
        self.platform.publish(name, b"{")
        self.platform.wait_for(DEAD, name)

    def _deliver(self) -> None:
        (site,) = self.counted.sites
        for text in ("short", "long " * 80):
            site.act("mo", source="491700000042", destination="12345", text=text)
        self.platform.wait_for(MO, self.counted.operator_id, 2)
        stray = ShortMessage(esm_class=ESM_CLASS_RECEIPT, short_message=STRAY)
        site.act("garbage", data=pdu(CommandId.DELIVER_SM, 0, 0x70000000, encode_short_message(stray)).hex())

    def _lose_answers(self) -> None:
        (site,) = self.mute.sites
        for _ in range(3):
            self.platform.dispatch(self.mute.operator_id)
        site.wait_for_submits(3)
        wait_until(lambda: self.value("smpp_window_in_use", self.mute, session=self.mute.session()) == 3, SEEN_S, "3")
        site.act("drop")
        wait_until(lambda: site.binds["total"] == 2, SEEN_S, "the session to be bound again")

    def _fail_over(self) -> None:
        self.moving.sites[0].go_down()
        self.service.running_node(self.moving.actor, endpoint="backup", sessions_bound=1)

    def _fail_back(self) -> None:
        self.moving.sites[0].resume_links()
        self.service.running_node(self.moving.actor, endpoint="primary", sessions_bound=1)

    def _sweep(self) -> None:
        statement = """
            UPDATE smpp.message_correlations SET expires_at = now() - interval '1 hour'
            WHERE operator_id = %s AND settled_at IS NOT NULL AND segments = 1
        """
        with psycopg.connect(self.stack.postgres.dsn, passfile=str(self.stack.postgres.passfile)) as connection:
            self.swept = connection.execute(statement, [self.counted.operator_id]).rowcount

    def _kill(self, actor: str) -> None:
        os.kill(self.service.running_node(actor)["pid"], signal.SIGKILL)
        wait_until(lambda: self.service.running_node(actor)["restarts"] == 1, SEEN_S, f"{actor} to be started anew")

    def _site(self, **traits: Any) -> Site:
        return self._sites.enter_context(Site(self._loop, **traits))

    def _operator(self, name: str, *sites: Site, timers: Any = STEADY, **settings: Any) -> MobileOperator:
        return MobileOperator(f"metrics-{name}", *sites, timers=timers, **settings)
