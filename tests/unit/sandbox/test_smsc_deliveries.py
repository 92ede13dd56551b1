"""How receipts are written, and how they find their way to a bind that takes them."""

from dataclasses import dataclass, field
from datetime import UTC, datetime

import pytest

from sandbox.smsc.behaviour import PlannedReceipt
from sandbox.smsc.character import Character, changed
from sandbox.smsc.deliveries import Deliveries
from sandbox.smsc.ledger import Ledger
from sandbox.smsc.outbox import Delivery
from sandbox.smsc.receipt_body import receipt_body
from smpp.constants import ESM_CLASS_INTERMEDIATE, ESM_CLASS_RECEIPT, CommandStatus, MessageState, Tag
from smpp.hot import ShortMessage, decode_short_message, pdu
from smpp.receipts import format_receipt, parse_receipt

OK, REFUSED = CommandStatus.ESME_ROK, CommandStatus.ESME_RX_T_APPN
SUBMITTED = ShortMessage(
    source_addr_ton=5, source_addr="Sender", dest_addr_ton=1, dest_addr_npi=1, destination_addr="491511"
)
SUBMIT_AT = datetime(2026, 1, 2, 3, 4, 50, tzinfo=UTC)


def written(planned: PlannedReceipt, **traits: object) -> ShortMessage:
    body = receipt_body(SUBMITTED, "0a1b", planned, SUBMIT_AT.timestamp(), changed(Character(), traits))
    return decode_short_message(pdu(5, 0, 1, body))


class TestReceiptBody:
    def test_the_text_is_that_of_appendix_b(self) -> None:
        message = written(PlannedReceipt(20.0, "DELIVRD", ESM_CLASS_RECEIPT), receipt_form="text")
        done_at = datetime(2026, 1, 2, 3, 5, tzinfo=UTC)
        assert message.short_message.decode() == format_receipt("0a1b", MessageState.DELIVERED, SUBMIT_AT, done_at)
        assert message.tlvs == ()

    def test_it_goes_back_to_the_sender(self) -> None:
        message = written(PlannedReceipt(0.0, "DELIVRD", ESM_CLASS_RECEIPT))
        addresses = (message.source_addr_ton, message.source_addr_npi, message.source_addr)
        assert addresses == (1, 1, "491511")
        assert (message.dest_addr_ton, message.dest_addr_npi, message.destination_addr) == (5, 0, "Sender")

    @pytest.mark.parametrize(
        ("form", "text_fields"),
        [("text", ("UNDELIV", "042")), ("both", ("UNDELIV", "042")), ("tlv", (None, None))],
    )
    def test_every_form_tells_id_and_state(self, form: str, text_fields: tuple[str | None, str | None]) -> None:
        planned = PlannedReceipt(0.0, "UNDELIV", ESM_CLASS_RECEIPT)
        receipt = parse_receipt(written(planned, receipt_form=form, receipt_error="042"))
        assert receipt is not None
        assert (receipt.smsc_message_id, receipt.state) == ("0a1b", MessageState.UNDELIVERABLE)
        assert (receipt.stat, receipt.error_code) == text_fields

    def test_the_text_may_be_in_a_dialect(self) -> None:
        template = (
            "id: {id} dlvrd:{dlvrd} submit_date:{submit:%Y%m%d%H%M%S} done_date:{done:%y%m%d} stat:{stat} err:{err}"
        )
        message = written(PlannedReceipt(20.0, "DELIVRD", ESM_CLASS_RECEIPT), receipt_text=template)
        assert message.short_message == (
            b"id: 0a1b dlvrd:001 submit_date:20260102030450 done_date:260102 stat:DELIVRD err:000"
        )

    def test_the_text_may_be_in_the_message_payload(self) -> None:
        planned = PlannedReceipt(20.0, "DELIVRD", ESM_CLASS_RECEIPT)
        usual, moved = written(planned), written(planned, receipt_place="message-payload")
        assert moved.short_message == b""
        assert moved.tlvs == ((Tag.MESSAGE_PAYLOAD, usual.short_message), *usual.tlvs)

    def test_an_enroute_may_be_an_intermediate_notification(self) -> None:
        receipt = parse_receipt(written(PlannedReceipt(0.0, "ENROUTE", ESM_CLASS_INTERMEDIATE)))
        assert receipt is not None
        assert (receipt.state, receipt.error_code, receipt.intermediate) == (MessageState.ENROUTE, "000", True)

    def test_a_stat_that_nobody_knows_has_no_state(self) -> None:
        receipt = parse_receipt(written(PlannedReceipt(0.0, "FOOBAR", ESM_CLASS_RECEIPT)))
        assert receipt is not None
        assert (receipt.smsc_message_id, receipt.stat, receipt.state) == ("0a1b", "FOOBAR", None)


@dataclass(eq=False)
class Bind:
    """A receiver with a window, which remembers what it got."""

    room: int = 100
    got: list[bytes] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def deliver(self, delivery: Delivery, now: float) -> None:
        self.room -= 1
        self.got.append(delivery.body)
        self.deliveries.append(delivery)


class Sender:
    """Deliveries with their ledger, and binds of the system_id esme."""

    def __init__(self, *binds: Bind, **traits: object) -> None:
        self.ledger = Ledger()
        self.deliveries = Deliveries(changed(Character(), traits), self.ledger)
        for bind in binds:
            self.deliveries.outbox("esme").join(bind)

    def make(self, *bodies: bytes, due: float = 0.0, system_id: str = "esme") -> None:
        for body in bodies:
            delivery = self.deliveries.make(system_id, body, self.ledger.receipts)
            if delivery is not None:
                self.deliveries.send_at(due, delivery, 0.0)


class TestDeliveries:
    def test_a_receipt_waits_until_it_is_due(self) -> None:
        bind = Bind()
        sender = Sender(bind)
        sender.make(b"r1", due=1.0)
        sender.deliveries.work(0.9)
        assert bind.got == []
        sender.deliveries.work(1.0)
        assert bind.got == [b"r1"]

    def test_receipts_take_turns_on_the_binds_of_their_system_id(self) -> None:
        first, second, foreign = Bind(), Bind(), Bind()
        sender = Sender(first, second)
        sender.deliveries.outbox("other").join(foreign)
        sender.make(b"r1", b"r2", b"r3")
        sender.deliveries.work(0.0)
        assert (first.got, second.got, foreign.got) == ([b"r1", b"r3"], [b"r2"], [])

    def test_receipts_are_kept_until_a_bind_can_receive(self) -> None:
        sender = Sender()
        sender.make(b"r1", b"r2")
        sender.deliveries.work(0.0)
        late = Bind()
        sender.deliveries.outbox("esme").join(late)
        sender.deliveries.work(5.0)
        assert late.got == [b"r1", b"r2"]

    def test_a_full_window_holds_receipts_back(self) -> None:
        bind = Bind(room=1)
        sender = Sender(bind)
        sender.make(b"r1", b"r2")
        sender.deliveries.work(0.0)
        assert bind.got == [b"r1"]
        bind.room = 1
        sender.deliveries.work(0.0)
        assert bind.got == [b"r1", b"r2"]

    def test_what_was_under_way_on_a_lost_bind_goes_first_on_another(self) -> None:
        lost, other = Bind(room=2), Bind()
        sender = Sender(lost)
        sender.make(b"r1", b"r2", b"r3")
        sender.deliveries.work(0.0)
        outbox = sender.deliveries.outbox("esme")
        outbox.leave(lost)
        outbox.put_back(lost.deliveries)
        outbox.join(other)
        sender.deliveries.work(0.0)
        assert other.got == [b"r1", b"r2", b"r3"]

    def test_reversed_receipts_that_are_due_together_come_the_other_way_round(self) -> None:
        bind = Bind()
        sender = Sender(bind, receipt_order="reversed")
        sender.make(b"r1", b"r2", b"r3")
        sender.deliveries.work(0.0)
        assert bind.got == [b"r3", b"r2", b"r1"]

    def test_a_refused_receipt_is_sent_again_after_a_wait_that_doubles(self) -> None:
        bind = Bind()
        sender = Sender(bind, deliver_retry_s=1.0)
        sender.make(b"r1")
        sender.deliveries.work(0.0)
        sender.deliveries.answered(bind.deliveries[0], REFUSED, 0.0)
        assert sender.deliveries.next_due() == 1.0
        sender.deliveries.work(1.0)
        sender.deliveries.answered(bind.deliveries[1], REFUSED, 1.0)
        assert sender.deliveries.next_due() == 3.0

    def test_an_unanswered_receipt_is_sent_again(self) -> None:
        bind = Bind()
        sender = Sender(bind, deliver_retry_s=1.0)
        sender.make(b"r1")
        sender.deliveries.work(0.0)
        sender.deliveries.timed_out(bind.deliveries[0], 10.0)
        sender.deliveries.work(11.0)
        assert bind.got == [b"r1", b"r1"]

    def test_a_late_answer_ends_the_repeats(self) -> None:
        bind = Bind()
        sender = Sender(bind)
        sender.make(b"r1")
        sender.deliveries.work(0.0)
        sender.deliveries.timed_out(bind.deliveries[0], 10.0)
        sender.deliveries.answered(bind.deliveries[0], OK, 10.5)
        sender.deliveries.work(100.0)
        assert bind.got == [b"r1"]
        assert sender.ledger.receipts.pending == 0

    def test_a_refusal_after_an_acceptance_repeats_nothing(self) -> None:
        bind = Bind()
        sender = Sender(bind)
        sender.make(b"r1")
        sender.deliveries.work(0.0)
        sender.deliveries.answered(bind.deliveries[0], OK, 0.0)
        sender.deliveries.answered(bind.deliveries[0], REFUSED, 1.0)
        assert sender.deliveries.next_due() is None

    def test_after_its_repeats_a_receipt_is_given_up(self) -> None:
        bind = Bind()
        sender = Sender(bind, deliver_retries=2)
        sender.make(b"r1")
        for now in (0.0, 100.0, 200.0):
            sender.deliveries.work(now)
            sender.deliveries.answered(bind.deliveries[-1], REFUSED, now)
        sender.deliveries.work(1000.0)
        assert bind.got == [b"r1", b"r1", b"r1"]
        assert sender.ledger.receipts.report() == {
            "made": 1,
            "sent": 0,
            "answered": 0,
            "refused": 3,
            "timed_out": 0,
            "given_up": 1,
            "dropped": 0,
            "pending": 0,
        }

    def test_more_than_may_be_pending_is_dropped_and_counted(self) -> None:
        sender = Sender(max_pending=2)
        sender.make(b"r1", b"r2", b"r3")
        assert (sender.ledger.receipts.pending, sender.ledger.receipts.dropped) == (2, 1)
