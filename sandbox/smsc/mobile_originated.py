"""Messages from handsets, as deliver_sm (SMPP 3.4, 4.6)."""

from dataclasses import dataclass, field
from typing import Annotated

from sandbox.smsc.traits import Trait, any_text, ascii_text, one_of, several, whole
from smpp.composing import Composer, TextRules
from smpp.constants import Npi, Ton
from smpp.hot import ShortMessage, encode_short_message
from smpp.segments import LongMessages
from smpp.text import data_coding


@dataclass(frozen=True)
class MobileOriginated:
    """What a subscriber sends to an ESME."""

    system_id: Annotated[str, Trait(ascii_text(15), "the ESME; may be left out where one alone is bound")] = ""
    source: Annotated[str, Trait(ascii_text(20), "the subscriber")] = field(default="491700000001", repr=False)
    destination: Annotated[str, Trait(ascii_text(20), "the ESME's number")] = field(default="4911", repr=False)
    text: Annotated[str, Trait(any_text, "what is sent")] = field(default="", repr=False)
    long_messages: Annotated[LongMessages, Trait(one_of(LongMessages), "how a long text is cut")] = LongMessages.UDH8
    parts: Annotated[
        tuple[int, ...], Trait(several(whole(1)), "which parts of it are sent, in this order, e.g. 3,1; none: all")
    ] = ()


def deliver_bodies(message: MobileOriginated, reference: int) -> list[bytes]:
    """A deliver_sm body for each part; TooManyParts where the text is too long, IndexError where it has fewer."""
    composed = Composer(TextRules(), message.long_messages).compose(message.text)
    segments = composed.segments(reference)
    wanted = [segments[part - 1] for part in message.parts] or segments
    return [
        encode_short_message(
            ShortMessage(
                source_addr_ton=Ton.INTERNATIONAL,
                source_addr_npi=Npi.ISDN,
                source_addr=message.source,
                dest_addr_ton=Ton.INTERNATIONAL,
                dest_addr_npi=Npi.ISDN,
                destination_addr=message.destination,
                esm_class=segment.esm_class_bits,
                data_coding=data_coding(composed.form.encoding),
                short_message=segment.short_message,
                tlvs=segment.tlvs,
            )
        )
        for segment in wanted
    ]
