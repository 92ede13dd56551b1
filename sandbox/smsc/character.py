"""The character of a simulated SMSC: how it treats binds, submits, receipts and links.

The dataclass below is the one table. Flags, changes at run time, the report of what is in force and the
documentation all follow from its fields.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from enum import Enum, auto
from typing import Annotated

from sandbox.smsc.traits import (
    BadTraits,
    Trait,
    ascii_text,
    command_status,
    number,
    one_of,
    percent,
    read_traits,
    receipt_template,
    several,
    shown,
    switch,
    table,
    whole,
)
from smpp.bind import BindMode
from smpp.constants import CommandStatus

MAX_WINDOW = 100_000


class Listener(Enum):
    """What happens to a new connection: served, accepted without any answer, or refused."""

    OPEN = auto()
    DEAF = auto()
    CLOSED = auto()


class Notation(Enum):
    """How a message id is written; the values are the format codes of Python."""

    DECIMAL = "d"
    HEX = "x"
    HEX_UPPER = "X"


class Receipts(Enum):
    """When the receipt of a message goes out."""

    NONE = auto()
    DELAYED = auto()
    BEFORE_RESPONSE = auto()


class ReceiptForm(Enum):
    """Where a receipt carries its id and state (SMPP 3.4, appendix B and 5.3.2)."""

    TEXT = auto()
    TLV = auto()
    BOTH = auto()


class ReceiptPlace(Enum):
    """Which part of the PDU holds the text of a receipt."""

    SHORT_MESSAGE = auto()
    MESSAGE_PAYLOAD = auto()


class ReceiptOrder(Enum):
    """Whether receipts that are due together keep their order; reversed puts the final one before the ENROUTE."""

    FORWARD = auto()
    REVERSED = auto()


class Intermediate(Enum):
    """An ENROUTE half-way to the final receipt, as a receipt (esm_class 0x04) or a notification (0x20)."""

    NONE = auto()
    RECEIPT = auto()
    NOTIFICATION = auto()


@dataclass(frozen=True)
class Character:
    """Every trait has a default that behaves well: an open, fast SMSC that delivers everything."""

    smsc_system_id: Annotated[str, Trait(ascii_text(15), "system_id in the bind response")] = "sandbox"
    seed: Annotated[int, Trait(whole(0), "start of every random choice; the same seed makes the same choices")] = 0

    listener: Annotated[Listener, Trait(one_of(Listener), "new connections: open, deaf (no answer) or closed")] = (
        Listener.OPEN
    )
    logins: Annotated[
        tuple[tuple[str, str], ...],
        Trait(table(ascii_text(15), ":", ascii_text(8)), "system_id:password,...; none: anyone"),
    ] = field(default=(), repr=False)
    refused_modes: Annotated[
        tuple[BindMode, ...], Trait(several(one_of(BindMode)), "bind modes refused, e.g. transceiver")
    ] = ()
    refused_mode_status: Annotated[int, Trait(command_status, "answer to a bind in a refused mode")] = (
        CommandStatus.ESME_RINVCMDID
    )
    bind_status: Annotated[int, Trait(command_status, "answer to every bind; not 0: refused")] = CommandStatus.ESME_ROK
    max_binds: Annotated[int, Trait(whole(0), "binds of one system_id at a time; 0: no limit")] = 0
    max_binds_status: Annotated[int, Trait(command_status, "answer to a bind over the limit")] = (
        CommandStatus.ESME_RALYBND
    )

    silent: Annotated[bool, Trait(switch, "read every link, and answer nothing at all")] = False
    mute: Annotated[bool, Trait(switch, "answer a bind, and nothing after it (new binds)")] = False
    enquire_link_s: Annotated[float, Trait(number(0), "seconds between enquire_links from the SMSC; 0: none")] = 0.0

    answer_delay_s: Annotated[float, Trait(number(0), "seconds before a submit_sm is answered")] = 0.0
    answer_spread_s: Annotated[float, Trait(number(0), "up to so many seconds more, at random")] = 0.0
    error_percent: Annotated[float, Trait(percent, "share of the submit_sm refused with error_status")] = 0.0
    error_status: Annotated[int, Trait(command_status, "status of those")] = CommandStatus.ESME_RSYSERR
    prefix_statuses: Annotated[
        tuple[tuple[str, int], ...],
        Trait(table(ascii_text(20), "=", command_status), "destination prefix=status,...; the longest prefix counts"),
    ] = ()
    no_answer_percent: Annotated[float, Trait(percent, "share of the submit_sm accepted, but never answered")] = 0.0
    tps_limit: Annotated[int, Trait(whole(0), "submit_sm accepted in any second from one system_id; 0: no limit")] = 0
    throttle_status: Annotated[int, Trait(command_status, "status of those over the limit")] = (
        CommandStatus.ESME_RTHROTTLED
    )

    id_notation: Annotated[
        Notation, Trait(one_of(Notation), "message ids in the response: decimal, hex, hex-upper")
    ] = Notation.DECIMAL
    receipt_id_notation: Annotated[Notation, Trait(one_of(Notation), "message ids in the receipt")] = Notation.DECIMAL
    id_prefix: Annotated[str, Trait(ascii_text(24), "what every message id begins with")] = ""
    id_digits: Annotated[int, Trait(whole(0, 40), "least digits of an id; shorter ones get leading zeros")] = 0
    id_start: Annotated[int, Trait(whole(0, 10**40), "the first message id; a change starts again there")] = 1

    receipts: Annotated[Receipts, Trait(one_of(Receipts), "none, delayed or before-response")] = Receipts.DELAYED
    receipt_delay_s: Annotated[float, Trait(number(0), "seconds from the answer to the final receipt")] = 0.0
    receipt_spread_s: Annotated[float, Trait(number(0), "up to so many seconds more, at random")] = 0.0
    late_percent: Annotated[float, Trait(percent, "share of the receipts that come late")] = 0.0
    late_s: Annotated[float, Trait(number(0), "how many seconds later those come")] = 10.0
    receipt_copies: Annotated[int, Trait(whole(1, 10), "how often each receipt is sent, e.g. 2: twice")] = 1
    receipt_order: Annotated[ReceiptOrder, Trait(one_of(ReceiptOrder), "forward or reversed")] = ReceiptOrder.FORWARD
    receipt_form: Annotated[ReceiptForm, Trait(one_of(ReceiptForm), "text, tlv or both")] = ReceiptForm.BOTH
    receipt_text: Annotated[
        str,
        Trait(
            receipt_template,
            "its text, of {id}, {dlvrd}, {stat}, {err}, {submit} and {done} (by strftime, e.g. {done:%Y%m%d%H%M%S}); "
            "none: as appendix B has it",
        ),
    ] = ""
    receipt_place: Annotated[
        ReceiptPlace, Trait(one_of(ReceiptPlace), "its text is in: short-message or message-payload")
    ] = ReceiptPlace.SHORT_MESSAGE
    intermediate: Annotated[Intermediate, Trait(one_of(Intermediate), "ENROUTE first: none, receipt, notification")] = (
        Intermediate.NONE
    )
    final_stats: Annotated[
        tuple[tuple[str, float], ...],
        Trait(table(ascii_text(12), "=", percent), "stat=percent,..., 100 in all, e.g. DELIVRD=90,UNDELIV=10"),
    ] = (("DELIVRD", 100.0),)

    receipt_error: Annotated[str, Trait(ascii_text(8), "err of a receipt whose stat is a failure")] = "001"

    deliver_window: Annotated[int, Trait(whole(1, MAX_WINDOW), "unanswered deliver_sm on one bind (new links)")] = 500
    deliver_answer_s: Annotated[float, Trait(number(0.01), "seconds a deliver_sm may be unanswered (new links)")] = 10.0
    deliver_retry_s: Annotated[
        float, Trait(number(0.001), "seconds before a refused deliver_sm is sent again; doubles")
    ] = 1.0
    deliver_retries: Annotated[int, Trait(whole(0), "how often a deliver_sm is sent again before it is given up")] = 10
    max_pending: Annotated[int, Trait(whole(1), "deliver_sm kept in all; more are dropped and counted")] = 500_000

    def __post_init__(self) -> None:
        total = sum(share for _, share in self.final_stats)
        if abs(total - 100) > 1e-6:
            raise BadTraits(f"final_stats: must be 100 percent in all, not {total:g}")


def changed(character: Character, changes: Mapping[str, object]) -> Character:
    """The character with some traits set anew; BadTraits, with every problem, where one cannot be."""
    return replace(character, **read_traits(Character, changes))


def as_json(character: Character) -> dict[str, object]:
    """The traits in force, without the secret ones; `changed` takes it back."""
    return {trait.name: shown(getattr(character, trait.name)) for trait in fields(character) if trait.repr}
