"""Delivery receipts and intermediate notifications: what became of a message (SMPP 3.4, 5.2.12 and appendix B)."""

from dataclasses import dataclass
from datetime import datetime

from smpp import gsm7
from smpp.constants import ESM_CLASS_INTERMEDIATE, ESM_CLASS_RECEIPT, ESM_CLASS_TYPE_MASK, MessageState, Tag
from smpp.forms import SMS_OCTETS
from smpp.hot import ShortMessage
from smpp.receipt_text import receipt_fields, receipt_time
from smpp.tlv import find_tlv
from smpp.udh import header_octets, user_data

_RECEIPT_TYPES = (ESM_CLASS_RECEIPT, ESM_CLASS_INTERMEDIATE, ESM_CLASS_RECEIPT | ESM_CLASS_INTERMEDIATE)

STATS = {
    MessageState.DELIVERED: "DELIVRD",
    MessageState.UNDELIVERABLE: "UNDELIV",
    MessageState.ACCEPTED: "ACCEPTD",
    MessageState.REJECTED: "REJECTD",
}
"""stat of a state where it is not the state's name (appendix B)."""

_STATES = {int(state): state for state in MessageState}
_STATES_BY_STAT = {state.name: state for state in MessageState} | {stat: state for state, stat in STATS.items()}

_NETWORK_TYPES = range(1, 9)  # first octet of network_error_code (5.3.2.31; up to 8 in SMPP 5.0)
_KEYS_OF_RECEIPTS_ALONE = ("sub", "dlvrd", "submit date", "done date", "err")  # "id:7 stat:home" may be a text

_MAX_TEXT = 20  # characters of the message that a receipt repeats (appendix B)


@dataclass(slots=True, frozen=True)
class Receipt:
    """What an SMSC says became of a message; None is what it does not say.

    smsc_message_id: as received; stat: as received, whatever it is; state: what that means, None where it is unknown;
    error_code: the network's, in digits as the operator writes them; submit_at, done_at: without offset from UTC
    where the SMSC names none; intermediate: not the last word; id_in_text: the id as the text has it, which may be
    another notation than the TLV's (see `message_id`). The message's text is not kept.
    """

    smsc_message_id: str | None
    stat: str | None
    state: MessageState | None
    error_code: str | None
    submit_at: datetime | None
    done_at: datetime | None
    intermediate: bool
    id_in_text: str | None = None


def parse_receipt(message: ShortMessage, *, by_text: bool = False) -> Receipt | None:
    """The receipt that a deliver_sm or data_sm is, None where it is none. Never raises.

    It is one by its esm_class, or by the TLVs receipted_message_id and message_state, which nothing but the SMSC can
    set: there are SMSCs that leave esm_class alone (vumi PR #637, traccar PR #3799). by_text: or by a text with an id
    and a stat and what goes with them, which a handset could send as well.
    A TLV wins over the text, unless it holds nothing that can be used.
    """
    receipted_message_id, state = _receipted_message_id(message), _message_state(message)
    is_marked = message.esm_class & ESM_CLASS_TYPE_MASK in _RECEIPT_TYPES or (receipted_message_id and state)
    if not (is_marked or by_text):
        return None
    fields = _fields(message)
    if not (is_marked or _reads_like_a_receipt(fields)):
        return None
    id_in_text = fields.get("id") or None
    stat = fields.get("stat") or None
    return Receipt(
        receipted_message_id or id_in_text,
        stat,
        state or state_of(stat or ""),
        _network_error_code(message) or fields.get("err") or None,
        receipt_time(fields.get("submit date", "")),
        receipt_time(fields.get("done date", "")),
        bool(message.esm_class & ESM_CLASS_INTERMEDIATE),
        id_in_text,
    )


def state_of(stat: str) -> MessageState | None:
    """The state that a stat means, in any case, abbreviated or in full; None where it is unknown."""
    return _STATES_BY_STAT.get(stat.upper())


def stat_of(state: MessageState) -> str:
    """The stat that means a state, e.g. DELIVRD."""
    return STATS.get(state, state.name)


def format_receipt(
    smsc_message_id: str,
    state: MessageState,
    submit_at: datetime,
    done_at: datetime,
    *,
    error_code: str = "000",
    text: str = "",
) -> str:
    """The text of a receipt as appendix B has it, for one message; of `text` 20 characters."""
    delivered = "001" if state is MessageState.DELIVERED else "000"
    return (
        f"id:{smsc_message_id} sub:001 dlvrd:{delivered}"
        f" submit date:{submit_at:%y%m%d%H%M} done date:{done_at:%y%m%d%H%M}"
        f" stat:{stat_of(state)} err:{error_code} text:{text[:_MAX_TEXT]}"
    )


def text_of(message: ShortMessage) -> str:
    """The text of a receipt, of its short_message or else its message_payload.

    The octets tell more than data_coding does: receipts marked as UCS-2 come in ASCII, and the other way round. Keys
    are ASCII, so UCS-2 has a zero in most high octets, whichever come first.
    """
    content = user_data(message)[1]
    if 0 in content:
        for first, codec in ((0, "utf-16-be"), (1, "utf-16-le")):
            if content[first::2].count(0) * 4 > len(content):
                return content.decode(codec, "ignore").removeprefix("\ufeff")
    return content.decode("latin-1")


def _fields(message: ShortMessage) -> dict[str, str]:
    """Those of the text as it is, or of its septets where an SMSC packs them (23.038, 6.1.2.1)."""
    fields = receipt_fields(text_of(message))
    content = user_data(message)[1]
    if fields or not content or len(content) > SMS_OCTETS:
        return fields
    septets = gsm7.unpack(content, fill_bits=gsm7.fill_bits_behind(header_octets(message)))
    return receipt_fields(gsm7.decode(septets))


def _reads_like_a_receipt(fields: dict[str, str]) -> bool:
    return bool(fields.get("id") and fields.get("stat") and not fields.keys().isdisjoint(_KEYS_OF_RECEIPTS_ALONE))


def _receipted_message_id(message: ShortMessage) -> str:
    """What stands before the NUL; nothing of octets that no id has, which a wrong length takes from the next TLV."""
    value = find_tlv(message.tlvs, Tag.RECEIPTED_MESSAGE_ID) or b""
    smsc_message_id = value.decode("latin-1").lstrip("\0").partition("\0")[0].strip()
    return smsc_message_id if smsc_message_id.isprintable() else ""


def _message_state(message: ShortMessage) -> MessageState | None:
    value = find_tlv(message.tlvs, Tag.MESSAGE_STATE)
    return _STATES.get(int.from_bytes(value, "big")) if value else None


def _network_error_code(message: ShortMessage) -> str | None:
    value = find_tlv(message.tlvs, Tag.NETWORK_ERROR_CODE) or b""
    if len(value) == 3 and value[0] in _NETWORK_TYPES:
        return f"{int.from_bytes(value[1:], 'big'):03}"
    # Some SMSCs put the three characters of err here (jasmin, test_deliver_sm_unknown_param_network_error_code).
    return value.decode("latin-1") if value.isalnum() else None
