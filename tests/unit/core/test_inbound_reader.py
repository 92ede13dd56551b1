"""What a deliver_sm is: a receipt, or a message from a handset."""

from typing import Any

import msgspec
import pytest

from config.operators import MessageIdConfig, OperatorConfig
from config.receipts import ReceiptConfig
from config.texts import DefaultAlphabet, TextConfig
from core.inbound import MAX_ID_LENGTH, MAX_RAW_LENGTH, InboundReader
from core.mobile_originated import message_event
from messages.correlations import ReceiptRow
from messages.events import DeliveryStatus as Status
from messages.lanes import InboundPart, InboundReceipt
from smpp.constants import ESM_CLASS_INTERMEDIATE, ESM_CLASS_RECEIPT, ESM_CLASS_UDHI, MessageState, Tag
from smpp.hot import ShortMessage
from smpp.message_id import IdRule
from smpp.shift_tables import NO_SHIFT, Language, Shift
from smpp.udh import concat8

NOW = 1_700_000_000.0
KEY = 7

RECEIPT = ReceiptRow(
    operator_id="mno",
    smsc_message_id="0a1f",
    smsc_message_id_key="0a1f",
    status=Status.DELIVERED,
    final=True,
    stat="DELIVRD",
    error_code="000",
    done_at="2023-11-14T22:13:00.000Z",
    received_at=NOW,
)
TEXT = b"id:%s sub:001 dlvrd:001 submit date:2311142212 done date:2311142213 stat:%s err:000 text:hello"


def reader(**settings: Any) -> InboundReader:
    return InboundReader(OperatorConfig(operator_id="mno", endpoints=(), **settings))


def receipt_sm(
    smsc_message_id: bytes = b"0a1f", stat: bytes = b"DELIVRD", esm_class: int = ESM_CLASS_RECEIPT, **fields: Any
) -> ShortMessage:
    return ShortMessage(esm_class=esm_class, short_message=TEXT % (smsc_message_id, stat), **fields)


def read_receipt(message: ShortMessage, **settings: Any) -> ReceiptRow:
    read = reader(**settings).read(message, KEY, NOW)
    assert isinstance(read, InboundReceipt)
    assert read.key == KEY
    return read.receipt


def read_part(message: ShortMessage, **settings: Any) -> InboundPart:
    read = reader(**settings).read(message, KEY, NOW)
    assert isinstance(read, InboundPart)
    return read


def row(**fields: Any) -> ReceiptRow:
    return msgspec.structs.replace(RECEIPT, **fields)


# Receipts.


def test_a_receipt_is_read_with_its_id_status_and_times():
    assert read_receipt(receipt_sm()) == RECEIPT


@pytest.mark.parametrize(
    ("stat", "status", "final"),
    [
        (b"ENROUTE", Status.ENROUTE, False),
        (b"ACCEPTD", Status.ACCEPTED, False),
        (b"DELIVRD", Status.DELIVERED, True),
        (b"EXPIRED", Status.EXPIRED, True),
        (b"DELETED", Status.DELETED, True),
        (b"UNDELIV", Status.UNDELIVERABLE, True),
        (b"REJECTD", Status.REJECTED, True),
        (b"UNKNOWN", Status.UNKNOWN, True),
        (b"delivrd", Status.DELIVERED, True),
        (b"NOSUCH", Status.UNKNOWN, False),
        (b"FAILED", Status.UNDELIVERABLE, True),
        (b"DELIVERD", Status.DELIVERED, True),
        (b"Schedld", Status.ENROUTE, False),
        (b"BUFFRED", Status.ENROUTE, False),
        (b"SUBMITD", Status.ENROUTE, False),
        (b"Undelivered", Status.UNDELIVERABLE, True),
        (b"SYSERR", Status.UNDELIVERABLE, True),
        (b"NOROUTE", Status.UNDELIVERABLE, True),
        (b"BARRED", Status.UNDELIVERABLE, True),
        (b"BARREDA", Status.UNDELIVERABLE, True),
        (b"ZEROBAL", Status.UNDELIVERABLE, True),
        (b"NOCRED", Status.REJECTED, True),
        (b"BLIST", Status.REJECTED, True),
        (b"NACK", Status.REJECTED, True),
        (b"CANCELLED", Status.DELETED, True),
    ],
)
def test_each_stat_has_its_status_and_one_that_nobody_knows_is_not_the_last_word(
    stat: bytes, status: Status, final: bool
):
    assert read_receipt(receipt_sm(stat=stat)) == row(stat=stat.decode(), status=status, final=final)


@pytest.mark.parametrize("esm_class", [ESM_CLASS_INTERMEDIATE, ESM_CLASS_INTERMEDIATE | ESM_CLASS_RECEIPT])
def test_an_intermediate_notification_never_ends_a_message_whatever_it_says(esm_class: int):
    assert read_receipt(receipt_sm(esm_class=esm_class)) == row(status=Status.ENROUTE, final=False)


@pytest.mark.parametrize("state", MessageState)
def test_the_state_of_the_tlv_wins(state: MessageState):
    tlvs = ((Tag.MESSAGE_STATE, bytes((state,))),)

    read = read_receipt(receipt_sm(stat=b"NOSUCH", tlvs=tlvs))

    assert (read.status, read.stat) == (Status[state.name], "NOSUCH")


@pytest.mark.parametrize(
    ("stat", "status", "final"),
    [
        (b"0", Status.DELIVERED, True),
        (b"dnd", Status.REJECTED, True),
        (b"ACCEPTD", Status.DELIVERED, True),
        (b"FAILED", Status.ENROUTE, False),
        (b"1", Status.UNKNOWN, False),
        (b"UNDELIV", Status.UNDELIVERABLE, True),
    ],
)
def test_a_word_of_the_operator_goes_before_all_others(stat: bytes, status: Status, final: bool):
    own = ReceiptConfig(stats={"0": "DELIVERED", "Dnd": "REJECTED", "ACCEPTD": "DELIVERED", "FAILED": "ENROUTE"})

    assert read_receipt(receipt_sm(stat=stat), receipts=own) == row(stat=stat.decode(), status=status, final=final)


def test_a_word_of_the_operator_goes_before_the_state_of_the_tlv():
    message = receipt_sm(stat=b"0", tlvs=((Tag.MESSAGE_STATE, bytes((MessageState.UNKNOWN,))),))

    assert read_receipt(message, receipts=ReceiptConfig(stats={"0": "DELIVERED"})).status is Status.DELIVERED


def test_a_word_of_the_operator_ends_no_message_in_an_intermediate_notification():
    message = receipt_sm(stat=b"0", esm_class=ESM_CLASS_INTERMEDIATE)
    read = read_receipt(message, receipts=ReceiptConfig(stats={"0": "DELIVERED"}))

    assert (read.status, read.final) == (Status.ENROUTE, False)


def test_a_receipt_that_only_its_text_marks_is_one_where_the_operator_says_so():
    message = receipt_sm(esm_class=0)

    assert read_receipt(message, receipts=ReceiptConfig(by_text=True)) == RECEIPT
    assert read_part(message).content == message.short_message


def test_ids_find_each_other_by_the_operators_rule():
    rules = MessageIdConfig(submit_resp=IdRule.DEC, receipt=IdRule.HEX)

    assert read_receipt(receipt_sm(), message_id=rules) == row(smsc_message_id_key="2591")


def test_an_endless_id_is_cut_off():
    read = read_receipt(receipt_sm(smsc_message_id=b"9" * 1000))

    assert read == row(smsc_message_id="9" * MAX_ID_LENGTH, smsc_message_id_key="9" * MAX_ID_LENGTH)


@pytest.mark.parametrize(
    ("octets", "raw"),
    [
        (b"?", "?"),
        (b"", ""),
        (b"00,0210021543,0210021500,,447887123456", "00,0210021543,0210021500,,447887123456"),
        ("müßig".encode("utf-16-be"), "müßig"),
        (b"\xff" * 2000, "\xff" * MAX_RAW_LENGTH),
    ],
)
def test_a_receipt_that_names_no_message_is_kept_raw(octets: bytes, raw: str):
    message = ShortMessage(esm_class=ESM_CLASS_RECEIPT, tlvs=((Tag.MESSAGE_PAYLOAD, octets),))

    assert read_receipt(message) == row(
        smsc_message_id="",
        smsc_message_id_key="",
        status=Status.UNKNOWN,
        final=False,
        stat="",
        error_code="",
        done_at="",
        raw=raw,
    )


def test_what_a_receipt_says_beside_the_message_it_does_not_name_is_told():
    text = "sub:001 dlvrd:001 done date:2311142213 stat:DELIVRD err:000 text:hello"

    assert read_receipt(ShortMessage(esm_class=ESM_CLASS_RECEIPT, short_message=text.encode())) == row(
        smsc_message_id="", smsc_message_id_key="", raw=text
    )


def test_a_time_with_an_offset_is_told_in_utc():
    text = TEXT.replace(b"2311142213", b"231115001300004+") % (b"0a1f", b"DELIVRD")
    message = ShortMessage(esm_class=ESM_CLASS_RECEIPT, short_message=text)

    assert read_receipt(message) == row(done_at="2023-11-14T23:13:00.000Z")


# Messages from handsets.


def test_a_message_from_a_handset_is_one_part():
    message = ShortMessage(source_addr="4179", destination_addr="1234", short_message=b"hi")

    part = read_part(message)

    assert part == InboundPart(
        key=KEY,
        delivery_id=part.delivery_id,
        operator_id="mno",
        source="4179",
        to="1234",
        content=b"hi",
        encoding="gsm7",
        reference=0,
        part=1,
        parts=1,
        received_at=NOW,
        join_until=NOW + 60,
    )


def test_every_delivery_has_an_id_of_its_own_over_sessions_and_restarts():
    message, one, another = ShortMessage(short_message=b"hi"), reader(), reader()
    read = [one.read(message, 1, NOW), one.read(message, 2, NOW), another.read(message, 1, NOW)]

    assert len({part.delivery_id for part in read if isinstance(part, InboundPart)}) == 3


def test_a_part_of_a_long_message_comes_without_its_header():
    header = concat8(0xAB, 3, 2)

    part = read_part(ShortMessage(esm_class=ESM_CLASS_UDHI, short_message=header + b"hi"))

    assert (part.reference, part.part, part.parts, part.content) == (0xAB, 2, 3, b"hi")


@pytest.mark.parametrize("data_coding", [0, 1, 0xF1])
def test_octets_that_no_alphabet_of_seven_bits_has_are_latin_1_and_not_lost(data_coding: int):
    part = read_part(ShortMessage(data_coding=data_coding, short_message="déjà vu".encode("latin-1")))

    assert (part.encoding, message_event([part]).text) == ("latin1", "déjà vu")


@pytest.mark.parametrize(
    ("header", "udh"),
    [
        ("06050423f40000", "050423f40000"),
        ("0b0003240301050423f40000", "050423f40000"),
        ("050003240301", ""),
        ("027000", "7000"),
    ],
)
def test_elements_of_a_header_that_are_not_of_concatenation_are_told(header: str, udh: str):
    message = ShortMessage(esm_class=ESM_CLASS_UDHI, data_coding=4, short_message=bytes.fromhex(header) + b"hi")

    part = read_part(message)
    assert (part.content, part.data_coding, part.udh) == (b"hi", 4, udh)


def test_another_header_is_taken_off_as_well():
    ports = b"\x06\x05\x04\x0b\x84\x23\xf0"

    part = read_part(ShortMessage(esm_class=ESM_CLASS_UDHI, data_coding=4, short_message=ports + b"hi"))

    assert (part.reference, part.part, part.parts, part.content, part.encoding) == (0, 1, 1, b"hi", "binary")


@pytest.mark.parametrize(
    ("data_coding", "alphabet", "encoding"),
    [
        (0, DefaultAlphabet.GSM7, "gsm7"),
        (0, DefaultAlphabet.LATIN1, "latin1"),
        (3, DefaultAlphabet.GSM7, "latin1"),
        (8, DefaultAlphabet.GSM7, "ucs2"),
        (4, DefaultAlphabet.GSM7, "binary"),
        (1, DefaultAlphabet.GSM7, "ascii"),
    ],
)
def test_the_encoding_follows_data_coding_and_the_operators_alphabet(
    data_coding: int, alphabet: DefaultAlphabet, encoding: str
):
    assert read_part(ShortMessage(data_coding=data_coding), default_alphabet=alphabet).encoding == encoding


@pytest.mark.parametrize(
    ("header", "shift"),
    [("03250101", Shift(locking=Language.TURKISH)), ("0325010d", NO_SHIFT), ("06050423f40000", NO_SHIFT)],
)
def test_the_national_tables_of_a_header_are_told(header: str, shift: Shift):
    message = ShortMessage(esm_class=ESM_CLASS_UDHI, short_message=bytes.fromhex(header) + b"a\x0c")

    part = read_part(message)

    assert (part.content, part.encoding, part.shift) == (b"a\x0c", "gsm7", shift)


@pytest.mark.parametrize(
    ("data_coding", "header", "octets", "content"),
    [
        (0, "", "e8329bfd06", b"hello"),
        (0, "050003070201", "906536fb0d", b"Hello"),
        (8, "", "0041", b"\x00A"),
        (3, "", "e9", b"\xe9"),
    ],
)
def test_septets_of_an_smsc_that_packs_them_are_unpacked(data_coding: int, header: str, octets: str, content: bytes):
    message = ShortMessage(
        esm_class=ESM_CLASS_UDHI if header else 0,
        data_coding=data_coding,
        short_message=bytes.fromhex(header + octets),
    )

    read = reader(text=TextConfig(packed_gsm7=True)).read(message, KEY, NOW)

    assert isinstance(read, InboundPart)
    assert read.content == content
