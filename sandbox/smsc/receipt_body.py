"""Receipts as an SMSC writes them into a deliver_sm (SMPP 3.4, 4.6.1 and appendix B).

`smpp.receipts.format_receipt` writes one state for one message; here the stat may be any word, because the
simulator also plays SMSCs that invent one, and the dates are kept, because formatting them was half the cost.
"""

from datetime import UTC, datetime
from functools import lru_cache
from time import gmtime, strftime

from sandbox.smsc.behaviour import PlannedReceipt
from sandbox.smsc.character import Character, ReceiptForm, ReceiptPlace
from smpp.constants import Tag
from smpp.hot import ShortMessage, encode_short_message
from smpp.receipts import state_of
from smpp.tlv import Tlv

_SUCCESSES = ("DELIVRD", "ENROUTE", "ACCEPTD")


def receipt_body(
    submitted: ShortMessage, smsc_message_id: str, planned: PlannedReceipt, submit_at: float, character: Character
) -> bytes:
    """The body of the deliver_sm that tells of a submit_sm received at `submit_at` (epoch seconds)."""
    text = b""
    tlvs: tuple[Tlv, ...] = ()
    if character.receipt_form is not ReceiptForm.TLV:
        text = _text(smsc_message_id, planned, submit_at, character)
    if character.receipt_form is not ReceiptForm.TEXT:
        tlvs = _tlvs(smsc_message_id, planned.stat)
    if character.receipt_place is ReceiptPlace.MESSAGE_PAYLOAD:
        text, tlvs = b"", ((Tag.MESSAGE_PAYLOAD, text), *tlvs)
    return encode_short_message(
        ShortMessage(
            source_addr_ton=submitted.dest_addr_ton,
            source_addr_npi=submitted.dest_addr_npi,
            source_addr=submitted.destination_addr,
            dest_addr_ton=submitted.source_addr_ton,
            dest_addr_npi=submitted.source_addr_npi,
            destination_addr=submitted.source_addr,
            esm_class=planned.esm_class,
            short_message=text,
            tlvs=tlvs,
        )
    )


def _text(smsc_message_id: str, planned: PlannedReceipt, submit_at: float, character: Character) -> bytes:
    stat = planned.stat
    delivered = "001" if stat == "DELIVRD" else "000"
    error = "000" if stat in _SUCCESSES else character.receipt_error
    done_at = submit_at + planned.delay_s
    if character.receipt_text:
        submit, done = datetime.fromtimestamp(submit_at, UTC), datetime.fromtimestamp(done_at, UTC)
        fields = {"id": smsc_message_id, "dlvrd": delivered, "stat": stat, "err": error}
        return character.receipt_text.format(**fields, submit=submit, done=done).encode("ascii")
    return (
        f"id:{smsc_message_id} sub:001 dlvrd:{delivered}"
        f" submit date:{_date(submit_at // 60)} done date:{_date(done_at // 60)} stat:{stat} err:{error} text:"
    ).encode("ascii")


@lru_cache(maxsize=256)
def _date(minute: float) -> str:
    return strftime("%y%m%d%H%M", gmtime(minute * 60))


def _tlvs(smsc_message_id: str, stat: str) -> tuple[Tlv, ...]:
    receipted_message_id = (Tag.RECEIPTED_MESSAGE_ID, smsc_message_id.encode("ascii") + b"\0")
    state = state_of(stat)
    return (receipted_message_id,) if state is None else (receipted_message_id, (Tag.MESSAGE_STATE, bytes((state,))))
