"""From a dispatch as a platform publishes it to the bodies of its submit_sm, read back by our own decoder."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from config.operators import DestinationConfig, Endpoint, OperatorConfig, SourceConfig
from config.texts import DefaultAlphabet, TextConfig, ValidityPeriod
from core.addresses import source_type
from core.preparation import Preparer
from core.reading import Unprocessable, read_dispatch
from messages.dispatch import Dispatch
from smpp.constants import ESM_CLASS_UDHI, CommandId, Tag
from smpp.hot import ShortMessage, decode_short_message, pdu
from smpp.segments import LongMessages, part_of
from smpp.shift_tables import Language

MARK = "marked value"
REFERENCE = 0xABCD
NOW = datetime(2026, 12, 31, 23, 59, 30, tzinfo=UTC).timestamp()
TWO_SEGMENTS = "a" * 161


def dispatch(**fields: Any) -> dict[str, Any]:
    """The JSON of a dispatch, with these fields set, or left out where they are ...; `from` is named source."""
    whole = {
        "message_id": "m",
        "operator_id": "mno",
        "to": "+41791234567",
        "from": "1234",
        "text": "hello",
        **{"from" if name == "source" else name: value for name, value in fields.items()},
    }
    return {name: value for name, value in whole.items() if value is not ...}


def operator(**fields: Any) -> OperatorConfig:
    return OperatorConfig(operator_id="mno", endpoints=(Endpoint(host="smsc", port=2775),), **fields)


def read(**fields: Any) -> Dispatch:
    return read_dispatch(json.dumps(dispatch(**fields)).encode(), "mno")


def prepare(rules: OperatorConfig | None = None, /, **fields: Any) -> list[ShortMessage]:
    bodies = Preparer(rules or operator()).prepare(read(**fields), NOW).bodies(REFERENCE)
    return [decode_short_message(pdu(CommandId.SUBMIT_SM, 0, 1, body)) for body in bodies]


def prepare_one(rules: OperatorConfig | None = None, /, **fields: Any) -> ShortMessage:
    (message,) = prepare(rules, **fields)
    return message


def reason(rules: OperatorConfig | None = None, /, **fields: Any) -> str:
    with pytest.raises(Unprocessable) as caught:
        prepare(rules, **fields)
    return str(caught.value)


# Fields.


def test_a_plain_dispatch_becomes_one_submit_sm():
    assert prepare_one() == ShortMessage(
        source_addr_ton=3,
        source_addr_npi=0,
        source_addr="1234",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="41791234567",
        registered_delivery=1,
        short_message=b"hello",
    )


def test_every_field_of_a_dispatch_reaches_the_submit_sm():
    message = prepare_one(
        to="41790000000",
        source="+41791112233",
        text="Grüezi €",
        encoding="ucs2",
        priority=3,
        validity_s=3600,
        request_dlr=False,
        flash=True,
        protocol_id=64,
        tlvs={"0x1400": "00ff", "1401": ""},
        expires_at="2030-01-01T00:00:00Z",
        metadata={"campaign": "x"},
    )

    assert message == ShortMessage(
        source_addr_ton=1,
        source_addr_npi=1,
        source_addr="41791112233",
        dest_addr_ton=1,
        dest_addr_npi=1,
        destination_addr="41790000000",
        protocol_id=64,
        priority_flag=3,
        validity_period="000000010000000R",
        registered_delivery=0,
        data_coding=0x18,
        short_message="Grüezi €".encode("utf-16-be"),
        tlvs=((0x1400, b"\x00\xff"), (0x1401, b"")),
    )


@pytest.mark.parametrize("priority", range(4))
def test_the_priority_is_the_priority_flag(priority: int):
    assert prepare_one(priority=priority).priority_flag == priority


@pytest.mark.parametrize(
    ("validity_s", "validity_period"),
    [
        (1, "000000000001000R"),
        (86_399, "000000235959000R"),
        (31 * 86_400, "000031000000000R"),
        (31 * 86_400 + 1, "000031000001000R"),
        (32 * 86_400, "000102000000000R"),
        (63 * 86_400, "000203000000000R"),
    ],
)
def test_the_validity_is_a_relative_time(validity_s: int, validity_period: str):
    assert prepare_one(validity_s=validity_s).validity_period == validity_period


@pytest.mark.parametrize(
    ("validity_s", "validity_period"),
    [(30, "270101000000000+"), (86_400, "270101235930000+"), (63 * 86_400, "270304235930000+")],
)
def test_the_validity_is_a_moment_in_utc_where_the_operator_wants_it(validity_s: int, validity_period: str):
    rules = operator(validity_period=ValidityPeriod.ABSOLUTE)

    assert prepare_one(rules, validity_s=validity_s).validity_period == validity_period
    assert prepare_one(rules).validity_period == ""


@pytest.mark.parametrize("protocol_id", range(0x41, 0x48))
def test_a_message_that_replaces_another_goes_out_in_one_segment(protocol_id: int):
    assert prepare_one(protocol_id=protocol_id).protocol_id == protocol_id


def test_without_a_validity_the_operators_own_applies():
    assert prepare_one().validity_period == ""


# Addresses.


@pytest.mark.parametrize(
    ("source", "ton", "npi", "sent"),
    [
        ("1", 3, 0, "1"),
        ("123456", 3, 0, "123456"),
        ("1234567", 1, 1, "1234567"),
        ("+12345", 1, 1, "12345"),
        ("+123456789012345", 1, 1, "123456789012345"),
        ("123456789012345", 1, 1, "123456789012345"),
        ("Acme", 5, 0, "Acme"),
        ("+Acme", 5, 0, "+Acme"),
        ("+", 5, 0, "+"),
        ("Müller", 5, 0, "M~ller"),
    ],
)
def test_the_kind_of_the_sender_follows_from_its_form(source: str, ton: int, npi: int, sent: str):
    message = prepare_one(source=source)

    assert (message.source_addr_ton, message.source_addr_npi, message.source_addr) == (ton, npi, sent)


@pytest.mark.parametrize(
    ("source", "rule", "expected"),
    [
        ("1234", SourceConfig(ton=0, npi=1), (0, 1, "1234")),
        ("Acme", SourceConfig(npi=1), (5, 1, "Acme")),
        ("+Acme", SourceConfig(ton=0), (0, 0, "+Acme")),
        ("+4179", SourceConfig(ton=5, npi=0), (5, 0, "+4179")),
        ("+4179", SourceConfig(ton=2), (2, 1, "4179")),
    ],
)
def test_the_operators_rule_for_senders_wins(source: str, rule: SourceConfig, expected: tuple[int, int, str]):
    message = prepare_one(operator(source=rule), source=source)

    assert (message.source_addr_ton, message.source_addr_npi, message.source_addr) == expected


@pytest.mark.parametrize(
    ("alphabet", "rule", "sent"),
    [
        (DefaultAlphabet.GSM7, SourceConfig(), "M~ller\x11\x02"),
        (DefaultAlphabet.LATIN1, SourceConfig(), "Müller_$"),
        (DefaultAlphabet.GSM7, SourceConfig(alphabet=DefaultAlphabet.LATIN1), "Müller_$"),
        (DefaultAlphabet.LATIN1, SourceConfig(alphabet=DefaultAlphabet.GSM7), "M~ller\x11\x02"),
    ],
)
def test_an_alphanumeric_sender_is_written_in_the_alphabet_of_the_smsc(
    alphabet: DefaultAlphabet, rule: SourceConfig, sent: str
):
    assert prepare_one(operator(default_alphabet=alphabet, source=rule), source="Müller_$").source_addr == sent


def test_a_number_that_goes_out_as_an_alphanumeric_sender_has_its_length():
    alphanumeric = operator(source=SourceConfig(ton=5, npi=0))

    assert prepare_one(alphanumeric, source="12345678901").source_addr == "12345678901"
    assert reason(alphanumeric, source="123456789012") == "from: 12 octets in gsm7, at most 11 are possible"


def test_the_source_type_can_be_asked_alone():
    assert source_type("Acme", SourceConfig()) == (5, 0)


def test_the_operators_rule_for_destinations_applies():
    message = prepare_one(operator(destination=DestinationConfig(ton=2, npi=8)))

    assert (message.dest_addr_ton, message.dest_addr_npi, message.destination_addr) == (2, 8, "41791234567")


# Content.


@pytest.mark.parametrize(
    ("text", "fields", "data_coding", "content"),
    [
        ("abc", {}, 0, b"abc"),
        ("@£€", {}, 0, b"\x00\x01\x1b\x65"),
        ("ж", {}, 8, b"\x04\x36"),
        ("é", {"encoding": "gsm7"}, 0, b"\x05"),
        ("é", {"encoding": "latin1"}, 3, b"\xe9"),
        ("é", {"encoding": "ucs2"}, 8, b"\x00\xe9"),
        ("abc", {"flash": True}, 0x10, b"abc"),
        ("ж", {"flash": True}, 0x18, b"\x04\x36"),
        ("", {}, 0, b""),
    ],
)
def test_the_encoding_follows_the_text_and_the_wish(
    text: str, fields: dict[str, Any], data_coding: int, content: bytes
):
    message = prepare_one(text=text, **fields)

    assert (message.data_coding, message.short_message) == (data_coding, content)


@pytest.mark.parametrize(
    ("alphabet", "text", "data_coding", "content"),
    [
        (DefaultAlphabet.LATIN1, "é", 0, b"\xe9"),
        (DefaultAlphabet.ASCII, "e", 0, b"e"),
        (DefaultAlphabet.ASCII, "é", 8, b"\x00\xe9"),
    ],
)
def test_data_coding_0_is_the_operators_default_alphabet(
    alphabet: DefaultAlphabet, text: str, data_coding: int, content: bytes
):
    message = prepare_one(operator(default_alphabet=alphabet), text=text)

    assert (message.data_coding, message.short_message) == (data_coding, content)


@pytest.mark.parametrize(
    ("rules", "text", "esm_class", "content"),
    [
        (TextConfig(packed_gsm7=True), "abcdefgh", 0, "61f1985c369fd1"),
        (TextConfig(shift_tables=(Language.TURKISH,)), "ağaç", ESM_CLASS_UDHI, "03250101610c6160"),
        (TextConfig(packed_gsm7=True, shift_tables=(Language.TURKISH,)), "ağaç", ESM_CLASS_UDHI, "032501010833c260"),
        (TextConfig(transliterate=True), "“a”", 0, "226122"),
        (TextConfig(latin1=True), "ãõ", 0, "e3f5"),
    ],
)
def test_a_text_goes_out_by_the_operators_options(rules: TextConfig, text: str, esm_class: int, content: str):
    message = prepare_one(operator(text=rules), text=text)

    assert (message.esm_class, message.short_message.hex()) == (esm_class, content)
    assert message.data_coding == (3 if rules.latin1 else 0)


def test_a_message_says_whether_its_text_was_altered():
    preparer = Preparer(operator(text=TextConfig(transliterate=True)))
    prepared = [preparer.prepare(read(text=text), NOW) for text in ("a", "“a”", "“ж”")]

    assert [one.transliterated for one in prepared] == [False, True, False]


def test_binary_content_goes_out_as_it_is():
    message = prepare_one(text=..., encoding="binary", data=base64.b64encode(b"\x00\xff\x1b").decode())

    assert (message.data_coding, message.short_message) == (4, b"\x00\xff\x1b")


def test_binary_content_may_come_with_an_empty_text():
    assert prepare_one(text="", encoding="binary", data="AA==").short_message == b"\x00"


def test_a_text_may_come_with_empty_data():
    assert prepare_one(text="x", data="").short_message == b"x"


@pytest.mark.parametrize(
    ("mode", "esm_class", "tags"),
    [
        (LongMessages.UDH8, ESM_CLASS_UDHI, []),
        (LongMessages.UDH16, ESM_CLASS_UDHI, []),
        (LongMessages.SAR, 0, [Tag.SAR_MSG_REF_NUM, Tag.SAR_TOTAL_SEGMENTS, Tag.SAR_SEGMENT_SEQNUM]),
    ],
)
def test_a_long_message_goes_out_in_parts_with_one_reference(mode: LongMessages, esm_class: int, tags: list[Tag]):
    messages = prepare(operator(long_messages=mode), text=TWO_SEGMENTS, tlvs={"0x1400": "01"})

    assert [message.esm_class for message in messages] == [esm_class] * 2
    assert [[tag for tag, _ in message.tlvs] for message in messages] == [[0x1400, *tags]] * 2
    parts = [part for message in messages if (part := part_of(message))]
    reference = REFERENCE & 0xFF if mode is LongMessages.UDH8 else REFERENCE
    assert [(part.reference, part.part, part.parts) for part in parts] == [(reference, 1, 2), (reference, 2, 2)]
    assert b"".join(part.content for part in parts) == TWO_SEGMENTS.encode()


def test_a_long_message_goes_out_whole_in_message_payload():
    message = prepare_one(operator(long_messages=LongMessages.PAYLOAD), text=TWO_SEGMENTS, tlvs={"0x1400": "01"})

    assert (message.esm_class, message.short_message) == (0, b"")
    assert message.tlvs == ((0x1400, b"\x01"), (Tag.MESSAGE_PAYLOAD, TWO_SEGMENTS.encode()))


# What can't be processed, and why, without a word of the content.


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"text": ...}, "text is missing"),
        ({"text": None}, "text is missing"),
        ({"text": MARK, "data": "AA=="}, "data needs encoding binary"),
        ({"text": ..., "data": "AA=="}, "data needs encoding binary"),
        ({"text": ..., "encoding": "binary"}, "encoding binary needs data"),
        ({"text": MARK, "encoding": "binary", "data": "AA=="}, "encoding binary takes data and no text"),
        ({"text": f"{MARK}ж", "encoding": "gsm7"}, "gsm7 lacks 1 of the characters, the first at 12 (Ll)"),
        ({"text": f"{MARK}ж", "encoding": "latin1"}, "latin1 lacks 1 of the characters, the first at 12 (Ll)"),
        ({"text": "a" * (153 * 255 + 1)}, "at least 256 parts, and 255 are possible"),
        ({"source": "Ж"}, "from: a character that gsm7 lacks"),
        ({"source": "a@b"}, "from: a character whose octet in gsm7 is 0, which ends the field"),
        ({"source": "[Acme Shop]"}, "from: 13 octets in gsm7, at most 11 are possible"),
        ({"text": TWO_SEGMENTS, "protocol_id": 0x41}, "protocol_id 65: each part would replace the one before"),
        ({"tlvs": {MARK: "00"}}, "tlvs: a tag is no hexadecimal number of 16 bits"),
        ({"tlvs": {"-1": "00"}}, "tlvs: a tag is no hexadecimal number of 16 bits"),
        ({"tlvs": {"0x10000": "00"}}, "tlvs: a tag is no hexadecimal number of 16 bits"),
        ({"tlvs": {"1_4": "00"}}, "tlvs: a tag is no hexadecimal number of 16 bits"),
        ({"tlvs": {"0x1400": MARK}}, "tlvs: the value of 0x1400 is not hexadecimal"),
        ({"tlvs": {"0x0005": "0"}}, "tlvs: the value of dest_addr_subunit is not hexadecimal"),
        ({"tlvs": {"0x0424": "00"}}, "tlvs: message_payload is ours to set"),
        ({"tlvs": {"20c": "0001"}}, "tlvs: sar_msg_ref_num is ours to set"),
        ({"tlvs": {"0X020E": "01"}}, "tlvs: sar_total_segments is ours to set"),
        ({"tlvs": {"0x020f": "01"}}, "tlvs: sar_segment_seqnum is ours to set"),
        ({"tlvs": {"0x1400": "00" * 65_536}}, "TLV 0x1400: 65536 octets, at most 65535"),
        ({"tlvs": {"0x1400": "00" * 65_535}}, "tlvs: the PDU would have more than 65536 octets"),
        ({"metadata": {"k": "v" * 1017}}, "metadata has more than 1024 bytes"),
        ({"operator_id": "another"}, "operator_id is not the one of the subject"),
        ({"encoding": MARK}, "Invalid value - at `$.encoding`"),
        ({"encoding": f"{MARK} - at `$.x`"}, "Invalid value - at `$.encoding`"),
        ({"to": ...}, "Object missing required field `to`"),
        ({"priority": 4}, "Expected `int` <= 3 - at `$.priority`"),
        ({"priority": -1}, "Expected `int` >= 0 - at `$.priority`"),
        ({"validity_s": 0}, "Expected `int` >= 1 - at `$.validity_s`"),
        ({"validity_s": 63 * 86_400 + 1}, "Expected `int` <= 5443200 - at `$.validity_s`"),
        ({"protocol_id": 256}, "Expected `int` <= 255 - at `$.protocol_id`"),
        ({"expires_at": MARK}, "Invalid RFC3339 encoded datetime - at `$.expires_at`"),
        ({"expires_at": "2030-01-01T00:00:00"}, "Expected `datetime` with a timezone component - at `$.expires_at`"),
        ({"data": "*", "encoding": "binary"}, "Invalid base64 encoded string - at `$.data`"),
        ({"metadata": {MARK: 1}}, "Expected `str`, got `int` - at `$.metadata[...]`"),
        ({"tlvs": [MARK]}, "Expected `object`, got `array` - at `$.tlvs`"),
        ({"text": 1}, "Expected `str | null`, got `int` - at `$.text`"),
    ],
)
def test_a_reason_names_fields_and_numbers_and_never_content(fields: dict[str, Any], expected: str):
    assert reason(**fields) == expected


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("message_id", ""),
        ("message_id", "m" * 65),
        ("message_id", "m\n"),
        ("message_id", "mé"),
        ("to", "41"),
        ("to", "+1234567890123456"),
        ("to", "41791234567\n"),
        ("to", "0041 79 123"),
        ("to", "٤١٧٩١٢٣٤٥٦٧"),
        ("source", ""),
        ("source", "1234567890123456"),
        ("source", "Acme Shop 24"),
        ("source", "Acme\n"),
        ("source", "Ac\0me"),
    ],
)
def test_an_address_or_id_of_another_form_is_refused_by_its_name(field: str, value: str):
    found = reason(**{field: value})

    assert found.startswith("Expected `str` matching regex")
    assert found.endswith(f" - at `$.{'from' if field == 'source' else field}`")


@pytest.mark.parametrize("message_id", ["m", " m ", "~" * 64, "a.b.c", "\"'\\"])
def test_a_message_id_is_any_printable_ascii(message_id: str):
    assert read_dispatch(json.dumps(dispatch(message_id=message_id)).encode(), "mno").message_id == message_id


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"hello",
        b"{",
        b"\xff\xfe",
        b'{"text": "\xff"}',
        b'{"text": "\\ud800"}',
        b'{"unknown": ' + b"[" * 100_000,
    ],
    ids=["nothing", "text", "cut off", "octets", "not UTF-8", "half a pair", "deep"],
)
def test_what_is_no_json_is_refused(payload: bytes):
    with pytest.raises(Unprocessable, match=r"^not a JSON object$"):
        read_dispatch(payload, "mno")


@pytest.mark.parametrize("payload", [b"[]", b"1", b"null", b'"text"'])
def test_json_that_is_no_object_is_refused(payload: bytes):
    with pytest.raises(Unprocessable, match=r"^Expected `object`, got `"):
        read_dispatch(payload, "mno")


def test_unknown_fields_are_ignored():
    assert prepare_one(colour="red") == prepare_one()


def test_metadata_of_exactly_one_kibibyte_is_allowed():
    metadata = {"k": "v" * (1024 - len('{"k":""}'))}

    assert read_dispatch(json.dumps(dispatch(metadata=metadata)).encode(), "mno").metadata == metadata


def test_a_prepared_dispatch_shows_no_content():
    private = read(text=MARK, to="41790000000", source="Sender")

    assert repr(Preparer(operator()).prepare(private, NOW)) == (
        "Prepared(Dispatch(message_id='m', operator_id='mno'), segments=1)"
    )
