"""Substitutes for characters that an alphabet lacks."""

import pytest

from smpp import gsm7
from smpp.transliteration import transliterate


def into_gsm7(text: str) -> str:
    return transliterate(text, lambda character: gsm7.encode(character) is not None)


@pytest.mark.parametrize(
    ("typed", "written"),
    [
        ("‘a’ ‚b‛ “c” „d‟ «e» ‹f›", "'a' 'b' \"c\" \"d\" \"e\" 'f'"),
        ("a‐b‑c‒d–e—f−g", "a-b-c-d-e-f-g"),
        ("wait…", "wait..."),
        ("5\u00a0km\u202for\u2009so\u3000\t!", "5 km or so  !"),
        ("a\u2028b\u2029c\x85d", "a\nb\nc\nd"),
        ("zero\u200bwidth\u2060\ufeff, soft\u00adhyphen", "zerowidth, softhyphen"),
        ("Łódź, Šárka, Đặng, ığdır", "Lodz, Sarka, Dang, igdir"),
        ("ãõâêç", "aoaec"),
        ("œuvre, ﬁn, №, ™, ©, ®", "oeuvre, fin, No, TM, (c), (r)"),
        ("4×4 ÷ `x`", "4x4 / 'x'"),
        ("e\u0301te\u0301", "été"),
        ("q\u0303", "q"),
        ("Ａ１！", "A1!"),
    ],
)
def test_typography_and_accents_have_substitutes(typed: str, written: str) -> None:
    assert into_gsm7(typed) == written


@pytest.mark.parametrize("text", ["Äé€ñå@£", "жизнь", "日本語", "😀", "≠ ≮", "½", "10²", "①", "1\u20e3", "°", "ﷺ"])
def test_what_is_carried_or_has_no_substitute_stays(text: str) -> None:
    assert into_gsm7(text) == text


def test_substitutes_are_of_the_alphabet_asked_for() -> None:
    assert transliterate("Größe €5 ¿Æ? £", str.isascii) == "Grosse EUR5 ?AE? £"
