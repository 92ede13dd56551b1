"""What the sans-IO connections report: facts, in the order in which they happened.

Slotted and not frozen: a frozen dataclass takes three times as long to make, and these are made for every message.
"""

from dataclasses import dataclass, field

from smpp.bind import BindMode
from smpp.hot import ShortMessage


class Event:
    """Anything a connection reports."""

    __slots__ = ()


@dataclass(slots=True)
class LinkSilent(Event):
    """The peer did not answer an enquire_link within response_s; the session is UNBOUND."""


@dataclass(slots=True)
class EnquireLinkAnswered(Event):
    """The peer answered our enquire_link."""

    took_s: float


@dataclass(slots=True)
class PeerUnbound(Event):
    """The peer sent unbind and has its answer; close the link once what is to be written is written."""


@dataclass(slots=True)
class Unbound(Event):
    """Our unbind is answered, or response_s passed without an answer: one for each unbind, unless the stream breaks."""

    timed_out: bool = False


@dataclass(slots=True)
class StreamBroken(Event):
    """Where the next PDU begins is lost; write what is to be written and close the link."""

    reason: str


@dataclass(slots=True)
class PduRefused(Event):
    """A PDU that could not be used. It is answered already, if it wanted an answer; this is for the log."""

    reason: str
    command_id: int


@dataclass(slots=True)
class LateAnswer(Event):
    """The answer to a request that had already been reported as timed out; `smsc_message_id` only for submits."""

    key: object
    command_status: int
    smsc_message_id: str


# What an ESME sees.


@dataclass(slots=True)
class Bound(Event):
    """The SMSC accepted the bind. `smsc_interface_version` is 0x34 for SMPP 3.4, None where the SMSC does not tell."""

    mode: BindMode
    smsc_system_id: str
    smsc_interface_version: int | None


@dataclass(slots=True)
class BindRefused(Event):
    """The SMSC refused the bind; the session is OPEN again, so another bind may follow on the same link."""

    mode: BindMode
    command_status: int


@dataclass(slots=True)
class BindTimedOut(Event):
    """The SMSC did not answer the bind within response_s; the session is UNBOUND."""

    mode: BindMode


@dataclass(slots=True)
class SubmitAnswered(Event):
    """The SMSC answered a submit_sm. `smsc_message_id` is "" for a refusal, and where the SMSC gives none."""

    key: object
    command_status: int
    smsc_message_id: str
    took_s: float


@dataclass(slots=True)
class SubmitTimedOut(Event):
    """A submit_sm was not answered within response_s: its outcome is unknown, not a failure."""

    key: object


@dataclass(slots=True)
class DeliverReceived(Event):
    """A deliver_sm or data_sm (`command_id`) that waits for answer()."""

    sequence_number: int
    command_id: int
    message: ShortMessage


@dataclass(slots=True)
class AlertReceived(Event):
    """An alert_notification: a mobile subscriber can be reached again (4.12). It has no answer."""


# What an SMSC sees.


@dataclass(slots=True)
class BindRequested(Event):
    """An ESME wants to bind, and waits for accept_bind() or refuse_bind()."""

    sequence_number: int
    mode: BindMode
    system_id: str
    password: str = field(repr=False)
    system_type: str
    interface_version: int
    addr_ton: int
    addr_npi: int
    address_range: str


@dataclass(slots=True)
class EnquireLinkReceived(Event):
    """The ESME asked whether we live, and has its answer; for the simulator's report."""


@dataclass(slots=True)
class SubmitReceived(Event):
    """A submit_sm that waits for answer_submit()."""

    sequence_number: int
    message: ShortMessage


@dataclass(slots=True)
class DeliverAnswered(Event):
    """The ESME answered a deliver_sm."""

    key: object
    command_status: int
    took_s: float


@dataclass(slots=True)
class DeliverTimedOut(Event):
    """A deliver_sm was not answered within response_s."""

    key: object
