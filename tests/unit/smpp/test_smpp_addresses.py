"""Alphanumeric addresses in the alphabet of an SMSC."""

import pytest

from smpp.addresses import UnusableAddress, alphanumeric
from smpp.text import Encoding

GSM7, LATIN1, ASCII = Encoding.GSM7, Encoding.LATIN1, Encoding.ASCII


@pytest.mark.parametrize(
    ("address", "alphabet", "octets"),
    [
        ("Acme-24 OK!", GSM7, "41636d652d3234204f4b21"),
        ("My_Shop", GSM7, "4d791153686f70"),
        ("CA$H", GSM7, "43410248"),
        ("Müller ÄÖ", GSM7, "4d7e6c6c6572205b5c"),
        ("5€", GSM7, "351b65"),
        ("[12345678", GSM7, "1b3c3132333435363738"),
        ("a@b_c", LATIN1, "6140625f63"),
        ("Müller", LATIN1, "4dfc6c6c6572"),
        ("a@b$", ASCII, "61406224"),
    ],
)
def test_an_address_has_the_octets_of_the_alphabet(address: str, alphabet: Encoding, octets: str) -> None:
    assert alphanumeric(address, alphabet).encode("latin-1").hex() == octets


@pytest.mark.parametrize(
    ("address", "alphabet", "reason"),
    [
        ("Жук", GSM7, "a character that gsm7 lacks"),
        ("Müller", ASCII, "a character that ascii lacks"),
        ("5€", LATIN1, "a character that latin1 lacks"),
        ("a@b", GSM7, "a character whose octet in gsm7 is 0, which ends the field"),
        ("[123456789]", GSM7, "13 octets in gsm7, at most 11 are possible"),
        ("123456789012", LATIN1, "12 octets in latin1, at most 11 are possible"),
    ],
)
def test_an_address_that_cannot_be_sent_is_refused_without_being_named(
    address: str, alphabet: Encoding, reason: str
) -> None:
    with pytest.raises(UnusableAddress) as raised:
        alphanumeric(address, alphabet)
    assert str(raised.value) == reason
