"""How an operator takes texts and addresses: the options beside its default alphabet."""

from enum import Enum

from msgspec import Struct

from smpp.shift_tables import Language


class DefaultAlphabet(Enum):
    """What data_coding 0 means at this SMSC."""

    GSM7 = "gsm7"
    LATIN1 = "latin1"
    ASCII = "ascii"


class ValidityPeriod(Enum):
    """How validity_s is written: as a period from the SMSC's time on, or as a moment in UTC (SMPP 3.4, 7.1.1)."""

    RELATIVE = "relative"
    ABSOLUTE = "absolute"


class TextConfig(Struct, frozen=True, kw_only=True):
    """packed_gsm7: septets are packed, in both directions. transliterate: substitutes may be put for characters that
    would need UCS-2. shift_tables: languages whose national tables the SMSC passes on. latin1: auto may choose
    data_coding 3, too.
    """

    packed_gsm7: bool = False
    transliterate: bool = False
    shift_tables: tuple[Language, ...] = ()
    latin1: bool = False

    def check(self, default_alphabet: DefaultAlphabet) -> None:
        """Raises ValueError for what goes with another default alphabet only."""
        if default_alphabet is not DefaultAlphabet.GSM7 and (self.packed_gsm7 or self.shift_tables):
            raise ValueError("text: packed_gsm7 and shift_tables need default_alphabet gsm7, no other value names GSM7")
