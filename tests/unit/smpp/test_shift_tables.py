"""National language tables and the header elements that name them."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.composing import Composer, TextRules
from smpp.constants import ESM_CLASS_UDHI
from smpp.forms import Form
from smpp.gsm7 import EXTENSION
from smpp.hot import ShortMessage
from smpp.segments import LongMessages, received_content, split_text
from smpp.shift_tables import LOCKING, NO_SHIFT, SINGLE, Language, Shift, septet_table, shift_of, shifts_of
from smpp.text import Encoding, decode_text, encode_text
from smpp.udh import parse_udh

VECTORS = json.loads((Path(__file__).parents[2] / "vectors" / "texts.json").read_text(encoding="utf-8"))
SHIFTED = [pytest.param(vector, id=vector["id"]) for vector in VECTORS["shifted"]]

GSM7 = Encoding.GSM7
TURKISH, SPANISH, PORTUGUESE = Language.TURKISH, Language.SPANISH, Language.PORTUGUESE
UDH8 = LongMessages.UDH8


def shift(vector: dict[str, Any]) -> Shift:
    return Shift(*[vector[kind] and Language(vector[kind]) for kind in ("locking", "single")])


def message_of(segment: Any) -> ShortMessage:
    return ShortMessage(esm_class=segment.esm_class_bits, short_message=segment.short_message)


@pytest.mark.parametrize("vector", SHIFTED)
def test_a_text_has_exactly_these_septets(vector: dict[str, Any]) -> None:
    assert encode_text(vector["text"], GSM7, shift(vector)).hex() == vector["hex"]


@pytest.mark.parametrize("vector", SHIFTED)
def test_septets_are_read_back(vector: dict[str, Any]) -> None:
    assert decode_text(bytes.fromhex(vector["hex"]), GSM7, shift(vector)) == vector["text"]


@pytest.mark.parametrize("vector", SHIFTED)
def test_the_header_names_the_tables(vector: dict[str, Any]) -> None:
    (segment,) = split_text(vector["text"], GSM7, UDH8, 1, shift(vector))
    assert (segment.esm_class_bits, segment.short_message.hex()) == (ESM_CLASS_UDHI, vector["udh"] + vector["hex"])
    assert received_content(message_of(segment)) == (bytes.fromhex(vector["hex"]), Form(GSM7, shift(vector)))


@pytest.mark.parametrize("main", LOCKING.values())
def test_a_locking_table_has_128_characters_with_the_escape_in_its_place(main: str) -> None:
    assert (len(main), len(set(main)), main[0x1B]) == (128, 128, "\x1b")


@pytest.mark.parametrize(("language", "septets"), [(TURKISH, 17), (SPANISH, 19), (PORTUGUESE, 37)])
def test_a_single_shift_table_is_the_extension_table_and_more(language: Language, septets: int) -> None:
    assert len(SINGLE[language]) == septets
    assert EXTENSION.items() <= SINGLE[language].items()


def test_without_a_shift_the_tables_are_the_default_ones() -> None:
    assert septet_table(NO_SHIFT).encode("€@") == b"\x1b\x65\x00"


def test_an_extension_that_a_table_lacks_shows_as_the_character_of_its_own_main_table() -> None:
    assert decode_text(b"\x1b\x0b", GSM7, Shift(locking=TURKISH)) == "Ğ"


def test_spanish_has_no_locking_table() -> None:
    assert shifts_of((SPANISH,)) == (Shift(single=SPANISH),)


def test_shifts_with_shorter_headers_come_first() -> None:
    assert shifts_of((TURKISH, SPANISH)) == (
        Shift(single=TURKISH),
        Shift(single=SPANISH),
        Shift(locking=TURKISH),
        Shift(TURKISH, TURKISH),
        Shift(TURKISH, SPANISH),
    )


@pytest.mark.parametrize(
    ("header", "found"),
    [
        ("03250101", Shift(locking=TURKISH)),
        ("03240102", Shift(single=SPANISH)),
        ("06250103240101", Shift(PORTUGUESE, TURKISH)),
        ("08000301020125010178", Shift(locking=TURKISH)),
        ("03250102", NO_SHIFT),  # Spanish, which has no locking table
        ("0325010d", NO_SHIFT),  # Urdu, not known here: 23.040 says to take the default
        ("03250100", NO_SHIFT),
        ("022500", NO_SHIFT),
        ("0425020101", NO_SHIFT),
        ("050003010201", NO_SHIFT),
    ],
)
def test_the_tables_are_read_from_a_header(header: str, found: Shift) -> None:
    assert shift_of(parse_udh(bytes.fromhex(header))[0]) == found


@pytest.mark.parametrize(
    ("mode", "used", "header", "room"),
    [
        (UDH8, Shift(locking=TURKISH), "080003cd0201250101", 149),
        (UDH8, Shift(TURKISH, TURKISH), "0b0003cd0201240101250101", 146),
        (LongMessages.UDH16, Shift(single=SPANISH), "090804abcd0201240102", 148),
    ],
)
def test_a_long_text_names_its_tables_in_each_part(mode: LongMessages, used: Shift, header: str, room: int) -> None:
    first, second = split_text("a" * (room + 10), GSM7, mode, 0xABCD, used)
    assert first.short_message == bytes.fromhex(header) + b"a" * room
    assert (first.esm_class_bits, second.short_message[-10:]) == (ESM_CLASS_UDHI, b"a" * 10)


@pytest.mark.parametrize(("used", "room"), [(Shift(locking=TURKISH), 155), (Shift(TURKISH, TURKISH), 152)])
def test_a_single_sms_has_room_beside_its_header(used: Shift, room: int) -> None:
    assert [len(split_text("a" * length, GSM7, UDH8, 1, used)) for length in (room, room + 1)] == [1, 2]


@pytest.mark.parametrize("mode", [LongMessages.SAR, LongMessages.PAYLOAD])
def test_a_long_text_with_tables_cannot_leave_its_headers_to_the_smsc(mode: LongMessages) -> None:
    with pytest.raises(ValueError, match=f"^{mode.value} leaves the headers to the SMSC"):
        split_text("ş" * 200, GSM7, mode, 1, Shift(locking=TURKISH))


def test_packed_septets_start_on_a_septet_boundary_behind_the_header() -> None:
    (segment,) = split_text("ş", GSM7, UDH8, 1, Shift(locking=TURKISH), packed=True)
    assert segment.short_message == bytes.fromhex("03250101e800")  # three fill bits
    assert received_content(message_of(segment), packed=True) == (b"\x1d", Form(GSM7, Shift(locking=TURKISH), True))


def test_what_node_smpp_calls_turkish_is_read_by_the_specification() -> None:
    (vector,) = [vector for vector in VECTORS["not_ours"] if vector["id"] == "enc-078"]
    octets = bytes.fromhex(vector["hex"])
    assert decode_text(octets, GSM7, Shift(locking=TURKISH)) == vector["text"]
    assert decode_text(octets, GSM7, Shift(single=TURKISH)) == "This is a Teæt"
    composed = Composer(TextRules(languages=(TURKISH,)), UDH8).compose(vector["text"])
    assert composed.segments(1)[0].short_message == bytes.fromhex("03250101") + octets
