"""The form that a text is sent in, by what an SMSC takes."""

import json
from pathlib import Path
from typing import Any

import pytest

from smpp.composing import Composed, Composer, TextRules
from smpp.forms import BINARY, Form, TooManyParts
from smpp.segments import LongMessages
from smpp.shift_tables import Language, Shift
from smpp.text import Encoding, UnencodableText, decode_text

TABLES = json.loads((Path(__file__).parents[2] / "vectors" / "texts.json").read_text(encoding="utf-8"))
CLASSES = TABLES["classes"]

GSM7, LATIN1, ASCII, UCS2 = Encoding.GSM7, Encoding.LATIN1, Encoding.ASCII, Encoding.UCS2
UDH8, SAR, PAYLOAD = LongMessages.UDH8, LongMessages.SAR, LongMessages.PAYLOAD
TURKISH, SPANISH, PORTUGUESE = Language.TURKISH, Language.SPANISH, Language.PORTUGUESE
ALL = tuple(Language)


def compose(
    text: str, wanted: Encoding | None = None, mode: LongMessages = UDH8, *, flash: bool = False, **rules: Any
) -> Composed:
    return Composer(TextRules(**rules), mode).compose(text, wanted, flash=flash)


def typed(composed: Composed) -> str:
    return decode_text(b"".join(composed.contents), composed.form.encoding, composed.form.shift)


# The default alphabet, or what is wanted.


@pytest.mark.parametrize("vector", [vector for vector in CLASSES if "text" in vector])
def test_auto_takes_gsm7_where_the_text_fits_and_ucs2_else(vector: dict[str, Any]) -> None:
    expected = GSM7 if vector["kind"] == "is-gsm7" else UCS2
    assert compose(vector["text"]).form == Form(expected)


@pytest.mark.parametrize(
    ("text", "default_alphabet", "chosen"),
    [
        ("plain", GSM7, GSM7),
        ("plain", LATIN1, LATIN1),
        ("plain", ASCII, ASCII),
        ("ÀÊã", GSM7, UCS2),
        ("ÀÊã", LATIN1, LATIN1),
        ("é", ASCII, UCS2),
        ("€", GSM7, GSM7),
        ("€", LATIN1, UCS2),
        ("`", GSM7, UCS2),
        ("`", ASCII, ASCII),
        ("", GSM7, GSM7),
    ],
)
def test_auto_takes_the_default_alphabet_of_the_smsc(text: str, default_alphabet: Encoding, chosen: Encoding) -> None:
    assert compose(text, default_alphabet=default_alphabet).form == Form(chosen)


@pytest.mark.parametrize(
    ("wanted", "default_alphabet", "flash", "chosen"),
    [
        (GSM7, GSM7, False, GSM7),
        (GSM7, LATIN1, False, LATIN1),
        (GSM7, LATIN1, True, GSM7),
        (UCS2, GSM7, False, UCS2),
        (UCS2, LATIN1, True, UCS2),
        (LATIN1, GSM7, False, LATIN1),
        (LATIN1, LATIN1, True, GSM7),
        (None, ASCII, True, GSM7),
    ],
)
def test_a_wanted_encoding_is_taken_where_a_data_coding_names_it(
    wanted: Encoding | None, default_alphabet: Encoding, flash: bool, chosen: Encoding
) -> None:
    assert compose("plain", wanted, flash=flash, default_alphabet=default_alphabet).form == Form(chosen)


def test_a_flash_text_outside_gsm7_goes_out_in_ucs2_even_if_latin1_was_wanted() -> None:
    assert compose("ã", LATIN1, flash=True, default_alphabet=LATIN1).form == Form(UCS2)


@pytest.mark.parametrize("wanted", [GSM7, LATIN1])
def test_a_wanted_encoding_that_lacks_a_character_is_refused_in_its_own_name(wanted: Encoding) -> None:
    with pytest.raises(UnencodableText, match=f"^{wanted.value} lacks 1 of the characters, the first at 1"):
        compose("aж", wanted)


def test_a_wanted_encoding_that_its_options_cannot_save_is_refused_in_its_own_name() -> None:
    with pytest.raises(UnencodableText, match=r"^gsm7 lacks 2 of the characters, the first at 0"):
        compose("“ж", GSM7, transliterate=True, languages=ALL)


def test_half_a_surrogate_pair_fits_no_form() -> None:
    with pytest.raises(UnencodableText, match=r"^ucs2 lacks 1"):
        compose("a\ud83d")


def test_a_text_that_is_too_long_for_its_only_form_is_refused() -> None:
    with pytest.raises(TooManyParts):
        compose("a" * (153 * 255 + 1))


def test_a_text_that_no_form_could_hold_is_refused_before_one_is_tried() -> None:
    rules = TextRules(transliterate=True, languages=ALL, latin1=True)  # to try them all would take minutes
    with pytest.raises(TooManyParts, match=r"^at least 6250 parts, and 255 are possible$"):
        Composer(rules, LongMessages.UDH8).compose("\u201c" * 1_000_000)


def test_binary_content_has_a_form_of_its_own() -> None:
    composed = Composer(TextRules(packed=True), UDH8).compose_data(b"\0" * 141)
    assert composed == Composed(BINARY, UDH8, [b"\0" * 134, b"\0" * 7])


def test_the_repr_hides_the_text() -> None:
    assert "secret" not in repr(compose("secret")) + repr(compose("secret" * 30))


# National tables.


@pytest.mark.parametrize(
    ("text", "languages", "shift"),
    [
        ("Şarkı söylüyor, ağaç", ALL, Shift(locking=TURKISH)),
        ("Ya está aquí", (SPANISH,), Shift(single=SPANISH)),
        ("Ya está aquí", ALL, Shift(locking=PORTUGUESE)),
        ("Não é você", ALL, Shift(locking=PORTUGUESE)),
        ("Caffè e ş, perché no", ALL, Shift(single=TURKISH)),
        ("ş ş ş ş á á á á", ALL, Shift(TURKISH, SPANISH)),
    ],
)
def test_a_text_of_a_language_goes_out_with_the_tables_that_make_it_shortest(
    text: str, languages: tuple[Language, ...], shift: Shift
) -> None:
    composed = compose(text, languages=languages)
    assert (composed.form, typed(composed), composed.transliterated) == (Form(GSM7, shift), text, False)


def test_a_header_of_tables_that_is_longer_than_what_it_saves_is_left_out() -> None:
    assert compose("ş á", languages=ALL).form == Form(UCS2)


def test_only_the_tables_of_the_languages_that_may_be_are_used() -> None:
    assert compose("ş", languages=(SPANISH, PORTUGUESE)).form == Form(UCS2)


def test_tables_may_be_used_where_gsm7_is_wanted() -> None:
    assert compose("ş" * 80, GSM7, languages=(TURKISH,)).form == Form(GSM7, Shift(locking=TURKISH))


def test_a_text_of_the_default_alphabet_takes_no_tables_where_they_save_no_part() -> None:
    assert compose("€" * 80, languages=ALL).form == Form(GSM7)


def test_tables_are_taken_where_they_save_a_part_of_a_text_of_the_default_alphabet() -> None:
    composed = compose("€" * 81, languages=ALL)
    assert (composed.form, len(composed.contents)) == (Form(GSM7, Shift(locking=TURKISH)), 1)


def test_tables_need_gsm7_as_the_default_alphabet_or_flash() -> None:
    assert compose("ş" * 9, languages=ALL, default_alphabet=LATIN1).form == Form(UCS2)
    assert compose("ş" * 9, flash=True, languages=ALL, default_alphabet=LATIN1).form == Form(
        GSM7, Shift(locking=TURKISH)
    )


@pytest.mark.parametrize("mode", [SAR, PAYLOAD])
def test_where_the_smsc_makes_the_headers_only_a_single_sms_has_tables(mode: LongMessages) -> None:
    assert compose("ş" * 155, mode=mode, languages=ALL).form == Form(GSM7, Shift(locking=TURKISH))
    assert compose("ş" * 156, mode=mode, languages=ALL).form == Form(UCS2)


# Latin-1.


def test_latin1_is_chosen_where_it_may_be_and_is_cheaper_than_ucs2() -> None:
    assert compose("ã" * 100, latin1=True).form == Form(LATIN1)
    assert compose("ã" * 100).form == Form(UCS2)


def test_latin1_has_no_flash() -> None:
    assert compose("ã", flash=True, latin1=True).form == Form(UCS2)


def test_gsm7_stays_the_choice_where_latin1_saves_no_part() -> None:
    assert compose("[" * 80, latin1=True).form == Form(GSM7)
    assert compose("[" * 81, latin1=True).form == Form(LATIN1)


# Transliteration.


def test_what_would_cost_ucs2_is_transliterated_and_says_so() -> None:
    composed = compose("“It’s – 5\u00a0€…”", transliterate=True)
    assert (composed.form, typed(composed), composed.transliterated) == (Form(GSM7), '"It\'s - 5 €..."', True)


def test_without_the_option_nothing_is_transliterated() -> None:
    assert compose("“a”").form == Form(UCS2)


def test_a_text_that_fits_as_it_is_stays_as_it_is() -> None:
    composed = compose("Ägypten", transliterate=True)
    assert (typed(composed), composed.transliterated) == ("Ägypten", False)


def test_a_text_with_characters_that_have_no_substitute_goes_out_as_it_was_typed() -> None:
    composed = compose("“ж”", transliterate=True)
    assert (composed.form, typed(composed), composed.transliterated) == (Form(UCS2), "“ж”", False)


def test_tables_that_carry_the_text_as_typed_come_before_substitutes() -> None:
    composed = compose("ağaç", transliterate=True, languages=(TURKISH,))
    assert (typed(composed), composed.transliterated) == ("ağaç", False)


def test_of_the_substitutes_those_that_alter_least_are_taken() -> None:
    composed = compose("“ağaç”", transliterate=True, languages=ALL)
    assert (composed.form.shift.locking or composed.form.shift.single) is TURKISH
    assert (typed(composed), composed.transliterated) == ('"ağaç"', True)


def test_substitutes_that_would_cost_a_part_more_than_ucs2_are_not_taken() -> None:
    composed = compose("€" * 50, transliterate=True, default_alphabet=LATIN1)
    assert (composed.form, composed.transliterated) == (Form(UCS2), False)
    assert typed(compose("€" * 46, transliterate=True, default_alphabet=LATIN1)) == "EUR" * 46


def test_a_wanted_encoding_is_saved_by_substitutes() -> None:
    assert typed(compose("“a” č", LATIN1, transliterate=True)) == '"a" c'


def test_ucs2_wanted_is_never_transliterated() -> None:
    composed = compose("“a”", UCS2, transliterate=True)
    assert (typed(composed), composed.transliterated) == ("“a”", False)


# A form it had before.


def test_a_text_can_be_composed_again_as_it_was() -> None:
    rules = TextRules(transliterate=True, languages=ALL)
    first = Composer(rules, UDH8).compose("“ağaç”" * 40)
    again = Composer(TextRules(), UDH8).compose_as("“ağaç”" * 40, first.form, transliterated=first.transliterated)
    assert again == first


@pytest.mark.parametrize(
    ("text", "mode", "needs"),
    [("a", UDH8, False), ("a" * 161, UDH8, True), ("a" * 161, SAR, True), ("a" * 161, PAYLOAD, False)],
)
def test_only_several_submit_sm_need_a_reference(text: str, mode: LongMessages, needs: bool) -> None:
    assert compose(text, mode=mode).needs_reference is needs
