"""What the simulator can be told to do at once: faults on its links, and MO messages."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import count
from time import monotonic
from typing import Annotated

from sandbox.smsc.exchange import Exchange
from sandbox.smsc.ledger import DeliverTally
from sandbox.smsc.link import Link
from sandbox.smsc.mobile_originated import MobileOriginated, deliver_bodies
from sandbox.smsc.traits import Trait, ascii_text, octets, one_of, read_traits
from smpp.bind import BindMode
from smpp.constants import MAX_PDU_BYTES
from smpp.forms import TooManyParts
from smpp.session import BOUND

_HTTP_ANSWER = b"HTTP/1.1 400 Bad Request\r\n\r\n"  # node-smpp #230 met one


class BadAct(ValueError):
    """No such act, nobody to do it to, or more than can be done."""


@dataclass(frozen=True)
class LinkAct:
    """To which links something is done; all of them unless it says which."""

    system_id: Annotated[str, Trait(ascii_text(15), "only links bound by this system_id")] = ""
    mode: Annotated[BindMode | None, Trait(one_of(BindMode), "only links bound in this mode")] = None
    data: Annotated[bytes, Trait(octets(MAX_PDU_BYTES), "what `garbage` sends, in hex")] = _HTTP_ANSWER

    def means(self, link: Link) -> bool:
        return self.system_id in ("", link.system_id) and self.mode in (None, link.mode)


def _unbind(link: Link, _act: LinkAct) -> None:
    if link.connection.state in BOUND:
        link.connection.unbind(monotonic())
        link.flush_soon()


def _enquire_link(link: Link, _act: LinkAct) -> None:
    if link.connection.state in BOUND:
        link.connection.enquire_link(monotonic())
        link.flush_soon()


LINK_ACTS: dict[str, Callable[[Link, LinkAct], None]] = {
    "unbind": _unbind,
    "enquire-link": _enquire_link,
    "drop": lambda link, _act: link.close(),
    "reset": lambda link, _act: link.reset(),
    "silence": lambda link, _act: link.fall_silent(),
    "half-pdu": lambda link, _act: link.stop_inside_a_pdu(),
    "garbage": lambda link, act: link.send_garbage(act.data),
}
"""`drop` ends a link with FIN, `reset` with RST; after `silence` and `half-pdu` it stays open without a word."""


class Acts:
    """Does them."""

    def __init__(self, exchange: Exchange, mo: DeliverTally) -> None:
        self._exchange = exchange
        self._mo = mo
        self._references = count(1)

    def do(self, name: str, details: Mapping[str, object]) -> int:
        """How many links it was done to, or parts of an MO message are on their way; BadAct, BadTraits."""
        if name == "mo":
            return self._send_mo(MobileOriginated(**read_traits(MobileOriginated, details)))
        if name not in LINK_ACTS:
            raise BadAct(f"no such act; there are {', '.join([*LINK_ACTS, 'mo'])}")
        act = LinkAct(**read_traits(LinkAct, details))
        links = [link for link in self._exchange.links if act.means(link)]
        for link in links:
            LINK_ACTS[name](link, act)
        return len(links)

    def _send_mo(self, message: MobileOriginated) -> int:
        now = monotonic()
        system_id = message.system_id or self._only_system_id()
        bodies = self._bodies(message)
        deliveries = self._exchange.deliveries
        for body in bodies:
            delivery = deliveries.make(system_id, body, self._mo)
            if delivery is not None:
                deliveries.send_at(now, delivery, now)
        self._exchange.work(now)
        return len(bodies)

    def _bodies(self, message: MobileOriginated) -> list[bytes]:
        try:
            return deliver_bodies(message, next(self._references))
        except TooManyParts as error:
            raise BadAct(f"text: {error}") from None
        except IndexError:
            raise BadAct("parts: the text has fewer") from None

    def _only_system_id(self) -> str:
        bound = {link.system_id for link in self._exchange.links if link.mode is not None}
        if len(bound) != 1:
            raise BadAct(f"system_id: must be given, {len(bound)} are bound")
        return bound.pop()
