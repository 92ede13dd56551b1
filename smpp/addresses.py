"""Alphanumeric addresses: text in the alphabet of an SMSC, in a field that NUL ends (SMPP 3.4, 5.2.8)."""

from smpp.text import Encoding, octets_of

MAX_SEPTETS = 11
"""What the 10 octets of an address on the air hold (3GPP TS 23.040, 9.1.2.5)."""


class UnusableAddress(ValueError):
    """An alphanumeric address that cannot be sent as it is; the message holds nothing of it."""


def alphanumeric(address: str, alphabet: Encoding) -> str:
    """The octets of an address in `alphabet`, as the characters of ISO 8859-1 that the field of a PDU takes.

    Raises UnusableAddress where the alphabet lacks a character, where one is octet 0 (the "@" of GSM7), and where the
    address is longer than the air carries.
    """
    octets = octets_of(address, alphabet)
    if octets is None:
        raise UnusableAddress(f"a character that {alphabet.value} lacks")
    if 0 in octets:
        raise UnusableAddress(f"a character whose octet in {alphabet.value} is 0, which ends the field")
    if len(octets) > MAX_SEPTETS:
        raise UnusableAddress(f"{len(octets)} octets in {alphabet.value}, at most {MAX_SEPTETS} are possible")
    return octets.decode("latin-1")
