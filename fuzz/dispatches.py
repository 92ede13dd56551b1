"""Dispatches as NATS gives them, and the submit_sm they become."""

from contextlib import suppress

from config.operators import OperatorConfig
from config.texts import TextConfig
from core.preparation import Preparer
from core.reading import Unprocessable, read_dispatch
from smpp.constants import CommandId
from smpp.hot import decode_short_message, pdu
from smpp.segments import LongMessages
from smpp.shift_tables import Language

_NOW = 1_700_000_000.0
_RULES = (TextConfig(), TextConfig(transliterate=True, shift_tables=tuple(Language), latin1=True, packed_gsm7=True))
_PREPARERS = [
    Preparer(OperatorConfig(operator_id="alpha", endpoints=(), long_messages=mode, text=rules))
    for mode in LongMessages
    for rules in _RULES
]


def dispatch(data: bytes) -> None:
    """A dispatch becomes bodies that can be read again, or is refused with a reason."""
    with suppress(Unprocessable):
        read = read_dispatch(data, "alpha")
        for preparer in _PREPARERS:
            for body in preparer.prepare(read, _NOW).bodies(reference=0x1234):
                decode_short_message(pdu(CommandId.SUBMIT_SM, 0, 1, body))
