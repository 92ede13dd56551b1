"""The key under which a submit_sm_resp and its receipts find each other.

SMSCs write one message's id in two notations: hexadecimal in the submit_sm_resp and decimal in the receipt, or
the other way round (jasmin #20, #1034; mokai #8). Which one stands where is a setting of the operator.
"""

import re
from dataclasses import dataclass
from enum import Enum

from smpp.receipts import Receipt


class IdRule(Enum):
    """How an operator writes its message ids in one place; values are the names in its settings."""

    STRING = "string"
    HEX = "hex"
    DEC = "dec"


@dataclass(slots=True, frozen=True)
class IdRules:
    """How an operator writes one message's id: in the submit_sm_resp, and in the receipt."""

    submit_resp: IdRule = IdRule.STRING
    receipt: IdRule = IdRule.STRING

    def key_of_response(self, smsc_message_id: str) -> str:
        """The key of the message_id of a submit_sm_resp."""
        return normalise(smsc_message_id, self.submit_resp)

    def key_of_receipt(self, receipt: Receipt) -> str | None:
        """The key of the message that a receipt is about, None where it names none.

        Where receipted_message_id and the text disagree, or it cannot be what receipts have, the TLV is in the notation
        of the submit_sm_resp, as 5.3.2.12 means it to be, and only the text is in another (cloudhopper,
        parseRealWorldReceipt0). A TLV that cannot be that either leaves the text.
        """
        smsc_message_id, in_text = receipt.smsc_message_id, receipt.id_in_text
        if smsc_message_id is None:
            return None
        key = normalise(smsc_message_id, self.receipt)
        if in_text is None:
            return key if _is_written(smsc_message_id, self.receipt) else self.key_of_response(smsc_message_id)
        key_in_text = normalise(in_text, self.receipt)
        if key == key_in_text or not _is_written(smsc_message_id, self.submit_resp):
            return key_in_text
        return self.key_of_response(smsc_message_id)


_NUMBERS = {
    IdRule.HEX: (re.compile(r"(?:0[xX])?[0-9a-fA-F]+"), 16),
    IdRule.DEC: (re.compile(r"[0-9]+"), 10),
}

_STRAY = "\0 \t\r\n"  # around an id


def normalise(smsc_message_id: str, rule: IdRule) -> str:
    """The key of an id as received: equal for two ids that mean the same message.

    STRING: the id as it is, stray NULs and spaces around it left out; leading zeros and case count.
    HEX, DEC: its value, of any length; an id that is no such number has the key of STRING.
    """
    smsc_message_id = smsc_message_id.strip(_STRAY)
    if rule is IdRule.STRING or not _is_written(smsc_message_id, rule):
        return smsc_message_id
    return _decimal(smsc_message_id, _NUMBERS[rule][1])


def _is_written(smsc_message_id: str, rule: IdRule) -> bool:
    """Whether the id can be of this notation."""
    return rule is IdRule.STRING or bool(_NUMBERS[rule][0].fullmatch(smsc_message_id.strip(_STRAY)))


def _decimal(digits: str, base: int) -> str:
    try:
        return str(int(digits, base))
    except ValueError:  # thousands of digits, which Python refuses to convert: no SMSC's number
        return digits
