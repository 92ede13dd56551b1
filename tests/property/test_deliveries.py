"""Whatever an SMSC delivers, it is a receipt or a message, and what is made of it can be stored and published."""

import random
from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from config.operators import MessageIdConfig, OperatorConfig
from config.receipts import ReceiptConfig
from config.texts import TextConfig
from core.dlr import unmatched_event
from core.inbound import MAX_ID_LENGTH, MAX_RAW_LENGTH, InboundReader
from core.mobile_originated import message_event, part_event
from messages.events import Timestamp
from messages.lanes import InboundBatch, InboundPart, InboundReceipt
from smpp.constants import ESM_CLASS_RECEIPT, Tag
from smpp.hot import ShortMessage
from smpp.message_id import IdRule
from smpp.receipt_text import receipt_fields

NOW = 1_700_000_000.0
TAGS = [Tag.RECEIPTED_MESSAGE_ID, Tag.MESSAGE_STATE, Tag.NETWORK_ERROR_CODE, Tag.MESSAGE_PAYLOAD, Tag.SAR_MSG_REF_NUM]
FIELDS = {
    "id": "0a1f",
    "sub": "001",
    "dlvrd": "000",
    "submit date": "2609051430",
    "done date": "260905143015",
    "stat": "UNDELIV",
    "err": "0B4",
}

octets = st.binary(max_size=120)
receipt_like = st.lists(
    st.sampled_from([b"id:", b"stat:DELIVRD", b" ", b"\0", b"done date:2609051430", b"err:", b"text:", b"42", b"\xff"]),
    max_size=12,
).map(b"".join)


@st.composite
def deliveries(draw: st.DrawFn) -> ShortMessage:
    return ShortMessage(
        source_addr=draw(st.text(st.characters(max_codepoint=0xFF, exclude_characters="\0"), max_size=20)),
        esm_class=draw(st.integers(0, 0xFF) | st.just(ESM_CLASS_RECEIPT)),
        data_coding=draw(st.integers(0, 0xFF)),
        short_message=draw(octets | receipt_like),
        tlvs=tuple(draw(st.lists(st.tuples(st.sampled_from(TAGS), octets | receipt_like), max_size=4))),
    )


operators = st.builds(
    OperatorConfig,
    operator_id=st.just("mno"),
    endpoints=st.just(()),
    message_id=st.builds(MessageIdConfig, submit_resp=st.sampled_from(IdRule), receipt=st.sampled_from(IdRule)),
    receipts=st.builds(ReceiptConfig, by_text=st.booleans()),
    text=st.builds(TextConfig, packed_gsm7=st.booleans()),
)


@given(message=deliveries(), operator=operators)
def test_whatever_is_delivered_can_be_passed_on_and_published(message: ShortMessage, operator: OperatorConfig) -> None:
    item = InboundReader(operator).read(message, 1, NOW)

    msgspec.msgpack.encode(InboundBatch([item]))
    if isinstance(item, InboundReceipt):
        receipt = item.receipt
        assert len(receipt.smsc_message_id) <= MAX_ID_LENGTH
        assert len(receipt.raw) <= MAX_RAW_LENGTH
        assert not (receipt.raw and receipt.smsc_message_id_key)
        event = unmatched_event(receipt)
        msgspec.convert(event.received_at, Timestamp)
        assert event.event_id.isascii()
        assert event.event_id.isprintable()
        msgspec.json.encode(event)
    else:
        assert isinstance(item, InboundPart)
        msgspec.json.encode([message_event([item]), part_event(item)])


@given(
    order=st.randoms(use_true_random=False),
    separator=st.sampled_from([" ", "  ", "\n", "\0", ",", ";", " | ", "\r\n"]),
    spell=st.sampled_from([str, str.upper, str.title]),
    space=st.sampled_from(["", " "]),
    missing=st.sets(st.sampled_from(sorted(FIELDS))),
)
def test_fields_are_read_in_any_order_spelling_and_separation(
    order: random.Random, separator: str, spell: Any, space: str, missing: set[str]
) -> None:
    fields = {name: value for name, value in FIELDS.items() if name not in missing}
    names = list(fields)
    order.shuffle(names)
    text = separator.join(f"{spell(name)}:{space}{fields[name]}" for name in names)

    assert receipt_fields(text) == fields
