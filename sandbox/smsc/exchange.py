"""The simulated SMSC behind its links: what it does with each thing that an ESME says."""

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any

from sandbox.smsc.behaviour import Behaviour
from sandbox.smsc.character import Character, Listener
from sandbox.smsc.deliveries import Deliveries
from sandbox.smsc.ledger import Ledger
from sandbox.smsc.link import Link
from sandbox.smsc.outbox import Delivery
from sandbox.smsc.record import Record
from sandbox.smsc.submits import Submits
from smpp.bind import BindMode
from smpp.constants import CommandStatus
from smpp.events import (
    BindRequested,
    DeliverAnswered,
    DeliverTimedOut,
    EnquireLinkAnswered,
    EnquireLinkReceived,
    Event,
    LateAnswer,
    LinkSilent,
    PduRefused,
    PeerUnbound,
    StreamBroken,
    SubmitReceived,
    Unbound,
)
from smpp.smsc import SmscConnection

Handler = Callable[[Link, Any, float], None]


class Exchange:
    """Owns the links; runs in one event loop."""

    def __init__(self, character: Character, ledger: Ledger, record: Record | None) -> None:
        self._ledger = ledger
        self._behaviour = Behaviour(character)
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = 0.0
        self.deliveries = Deliveries(character, ledger)
        self._submits = Submits(self._behaviour, ledger, self.deliveries, record)
        self.links: dict[Link, None] = {}
        """In the order in which they were opened."""
        self._handlers: dict[type[Event], Handler] = {
            SubmitReceived: self._submits.take,
            DeliverAnswered: self._deliver_answered,
            LateAnswer: self._deliver_answered_late,
            DeliverTimedOut: self._deliver_timed_out,
            BindRequested: self._bind_requested,
            EnquireLinkAnswered: self._enquire_link_answered,
            EnquireLinkReceived: self._enquire_link_received,
            PduRefused: self._pdu_refused,
            PeerUnbound: self._unbind_received,
            Unbound: self._parted,
            LinkSilent: self._parted,
            StreamBroken: self._parted,
        }

    @property
    def character(self) -> Character:
        return self._behaviour.character

    def become(self, character: Character) -> None:
        """Behave as `character` says from now on."""
        was_silent = self.character.silent
        self._behaviour.become(character)
        self._submits.message_ids.become(character)
        self.deliveries.character = character
        if character.silent != was_silent:
            for link in self.links:
                link.fall_silent() if character.silent else link.speak_again()
        self.work(monotonic())

    def new_link(self) -> Link:
        """What serves a connection that was just accepted."""
        character = self.character
        connection = SmscConnection(
            window=character.deliver_window,
            response_s=character.deliver_answer_s,
            enquire_link_s=character.enquire_link_s or None,
        )
        return Link(self, connection, character.silent or character.listener is Listener.DEAF)

    def work(self, now: float) -> None:
        """Send the answers, then the receipts that are due."""
        self._submits.work(now)
        self.deliveries.work(now)
        self._set_timer(now)

    def stop(self) -> None:
        """Plan nothing any more."""
        if self._timer is not None:
            self._timer.cancel()

    # What links tell.

    def link_opened(self, link: Link) -> None:
        self._ledger.connections += 1
        link.number = self._ledger.connections
        self.links[link] = None

    def link_said(self, link: Link, events: list[Event], now: float) -> None:
        if link.silent:
            events = self._heard_in_silence(events)
        submits = sum(type(event) is SubmitReceived for event in events)
        if submits:
            self._ledger.binds.window_seen(link.waiting + submits)
        for event in events:
            self._handlers[type(event)](link, event, now)
        self.work(now)

    def link_has_room(self, _link: Link, now: float) -> None:
        self.deliveries.work(now)

    def link_closed(self, link: Link, now: float) -> None:
        del self.links[link]
        self._release(link)
        self.work(now)

    def _heard_in_silence(self, events: list[Event]) -> list[Event]:
        self._ledger.ignored += sum(type(event) is SubmitReceived for event in events)
        return [event for event in events if isinstance(event, DeliverAnswered)]

    def _bind_requested(self, link: Link, bind: BindRequested, _now: float) -> None:
        binds = self._ledger.binds
        command_status = self._behaviour.bind_status(bind, binds.now_by_system_id[bind.system_id])
        if command_status != CommandStatus.ESME_ROK:
            link.connection.refuse_bind(bind.sequence_number, bind.mode, command_status)
            binds.refused[command_status] += 1
            return
        link.connection.accept_bind(bind.sequence_number, bind.mode, self.character.smsc_system_id)
        link.system_id, link.mode = bind.system_id, bind.mode
        binds.bound(link.system_id, link.mode.name.lower())
        if link.mode is not BindMode.TRANSMITTER:
            self.deliveries.outbox(link.system_id).join(link)
        if self.character.mute:
            link.fall_silent()

    def _deliver_answered(self, _link: Link, event: DeliverAnswered, now: float) -> None:
        self.deliveries.answered(_delivery(event.key), event.command_status, now)

    def _deliver_answered_late(self, _link: Link, event: LateAnswer, now: float) -> None:
        if event.command_status == CommandStatus.ESME_ROK:  # else it goes out again already
            self.deliveries.answered(_delivery(event.key), event.command_status, now)

    def _deliver_timed_out(self, _link: Link, event: DeliverTimedOut, now: float) -> None:
        self.deliveries.timed_out(_delivery(event.key), now)

    def _enquire_link_answered(self, _link: Link, event: EnquireLinkAnswered, _now: float) -> None:
        self._ledger.enquiry_answered(event.took_s)

    def _enquire_link_received(self, _link: Link, _event: EnquireLinkReceived, _now: float) -> None:
        self._ledger.enquire_links += 1

    def _pdu_refused(self, _link: Link, _event: PduRefused, _now: float) -> None:
        self._ledger.pdus_refused += 1

    def _unbind_received(self, link: Link, event: Event, now: float) -> None:
        self._ledger.binds.unbinds += link.mode is not None
        self._parted(link, event, now)

    def _parted(self, link: Link, _event: Event, _now: float) -> None:
        self._release(link)
        link.close()

    def _release(self, link: Link) -> None:
        if link.mode is None:
            return
        link.mode = None
        self._ledger.binds.lost(link.system_id)
        outbox = self.deliveries.outbox(link.system_id)
        outbox.leave(link)
        outbox.put_back(map(_delivery, link.connection.unanswered()))

    def _set_timer(self, now: float) -> None:
        dues = [due for due in (self._submits.next_due(), self.deliveries.next_due()) if due is not None]
        if not dues or (self._timer is not None and self._timer_at <= min(dues)):
            return
        if self._timer is not None:
            self._timer.cancel()
        self._timer_at = min(dues)
        delay_s = max(0.0, self._timer_at - now)
        self._timer = asyncio.get_running_loop().call_later(delay_s, self._timer_fired)

    def _timer_fired(self) -> None:
        self._timer = None
        self.work(monotonic())


def _delivery(key: object) -> Delivery:
    assert isinstance(key, Delivery)
    return key
