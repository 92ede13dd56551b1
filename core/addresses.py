"""Source and destination addresses by an operator's rules: TON, NPI and what stands in the field."""

import re
from functools import lru_cache
from typing import NamedTuple

from config.operators import OperatorConfig, SourceConfig
from smpp.addresses import alphanumeric
from smpp.constants import Npi, Ton
from smpp.text import Encoding

SHORT_CODE_DIGITS = 6  # at most; longer numbers are international
MOST_SENDERS = 1024  # remembered; a platform has few

_number = re.compile(r"\+?[0-9]+")


class Address(NamedTuple):
    ton: int
    npi: int
    field: str


class Addresses:
    """Applies one operator's rules."""

    def __init__(self, operator: OperatorConfig) -> None:
        self._rule = operator.source
        self._alphabet = Encoding((operator.source.alphabet or operator.default_alphabet).value)
        self._destination = operator.destination
        self.source = lru_cache(MOST_SENDERS)(self._source)

    def destination(self, address: str) -> Address:
        """Of an E.164 number, the plus optional."""
        return Address(self._destination.ton, self._destination.npi, address.removeprefix("+"))

    def _source(self, address: str) -> Address:
        """Raises UnusableAddress."""
        ton, npi = source_type(address, self._rule)
        if ton == Ton.ALPHANUMERIC or not _number.fullmatch(address):
            return Address(ton, npi, alphanumeric(address, self._alphabet))
        return Address(ton, npi, address.removeprefix("+"))


def source_type(address: str, rule: SourceConfig) -> tuple[int, int]:
    """TON and NPI of a source address: alphanumeric 5/0, short code 3/0, else 1/1; or as the operator wants it."""
    if not _number.fullmatch(address):
        ton, npi = Ton.ALPHANUMERIC, Npi.UNKNOWN
    elif len(address) <= SHORT_CODE_DIGITS and not address.startswith("+"):
        ton, npi = Ton.NETWORK_SPECIFIC, Npi.UNKNOWN
    else:
        ton, npi = Ton.INTERNATIONAL, Npi.ISDN
    return (ton if rule.ton is None else rule.ton), (npi if rule.npi is None else rule.npi)
