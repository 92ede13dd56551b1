"""Traffic both ways between the service and an independent SMSC, and what each side made of it."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass
from itertools import cycle
from typing import Any, Self

from independent_smsc import IndependentOperator, IndependentSmsc
from platform_side import DLR, MO, Platform
from varied_traffic import Sent, handset_messages, varied_messages
from waiting import wait_until

MESSAGES_A_SECOND = 20
HANDSET_MESSAGE_EVERY_S = 1.0
SETTLED_S = 60.0

Event = Mapping[str, Any]


@dataclass(frozen=True)
class Conversation:
    """What each side sent and read; `figures` are the SMSC's, of this conversation."""

    sent: Sequence[Sent]
    read: Sequence[Event]
    events: Sequence[Event]
    handset_sent: Sequence[Event]
    handset_events: Sequence[Event]
    figures: Mapping[str, int]

    @classmethod
    def held(
        cls, platform: Platform, smsc: IndependentSmsc, operators: Sequence[IndependentOperator], seconds: float
    ) -> Self:
        """Lasts so long, and until all of it is settled; the operators are bound."""
        before = smsc.figures()
        names = [operator.operator_id for operator in operators]
        sent = varied_messages(names, round(seconds * MESSAGES_A_SECOND))
        publishing = platform.dispatch_evenly((one.dispatch for one in sent), MESSAGES_A_SECOND)
        handset_sent = _send_handset_messages(smsc, names, publishing)
        wait_until(lambda: _finals(platform, names) >= len(sent), SETTLED_S, "a final event of every message")
        wait_until(lambda: not any(map(platform.unsettled, names)), SETTLED_S, "no dispatch left")
        wait_until(lambda: len(_of(platform, MO, names)) >= len(handset_sent), SETTLED_S, "all handset messages")
        wait_until(lambda: _is_answered(smsc.figures()), SETTLED_S, "an answer to every deliver_sm")
        figures = {name: number - before[name] for name, number in smsc.figures().items()}
        read = [one for one in smsc.read_messages() if one["system_id"] in names]
        return cls(sent, read, _of(platform, DLR, names), handset_sent, _of(platform, MO, names), figures)

    @property
    def finals(self) -> dict[str, list[Event]]:
        """The final events of each message."""
        found: defaultdict[str, list[Event]] = defaultdict(list)
        for event in self.events:
            if event["final"]:
                found[event["message_id"]].append(event)
        return dict(found)


def _send_handset_messages(smsc: IndependentSmsc, names: Iterable[str], publishing: "Future[None]") -> Sequence[Event]:
    """At an even rate, to each operator in turn, while the other side publishes."""
    sent = []
    for message, name in zip(handset_messages(), cycle(names), strict=False):
        smsc.send_mo(name, **message)
        sent.append({"operator_id": name, **message})
        if wait([publishing], HANDSET_MESSAGE_EVERY_S).done:
            publishing.result()
            break
    return sent


def _is_answered(figures: Mapping[str, int]) -> bool:
    return figures["receipts_accepted"] >= figures["receipts"] and figures["mo_accepted"] >= figures["mo"]


def _of(platform: Platform, subject: str, names: Iterable[str]) -> Sequence[Event]:
    return [event for name in names for event in platform.events(subject, name)]


def _finals(platform: Platform, names: Iterable[str]) -> int:
    return sum(len(platform.final_counts(name)) for name in names)
