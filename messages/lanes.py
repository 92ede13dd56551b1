"""Frames that travel over the lanes between actors: msgpack, typed, never pickle.

    DispatchRouter ─▶ OperatorActor      DispatchBatch, RedisNews ◀─ Demand, GivenBack, StillHeld, RedisNews
    OperatorActor  ─▶ SessionActor       SubmitBatch              ◀─ SubmitReport
    SessionActor   ─▶ CorrelationWriter  AcceptedBatch
    OperatorActor  ─▶ CorrelationWriter  ConcludedBatch, UnansweredBatch, AcceptedBatch (of a dead session),
                                         AcceptedQuery            ◀─ AcceptedSegments
    SessionActor   ─▶ ReceiptPublisher   InboundBatch             ◀─ InboundSettled
    OperatorActor  ─▶ HealthPublisher    HealthTransition
    anyone         ─▶ any actor          StatusRequest            ◀─ StatusReply
    a consumer that makes frames safe answers each retaining producer with Confirmed

Structs that carry `to` or `text` show neither in their repr.
"""

from enum import Enum

from msgspec import Struct

from messages.correlations import ReceiptRow, SegmentKey, UnansweredSegment
from messages.events import OperatorHealthEvent
from smpp.message_id import IdRule
from smpp.shift_tables import NO_SHIFT, Shift


class DispatchItem(Struct, frozen=True, array_like=True):
    """One message as it came from JetStream; whoever settles it publishes to `reply`.

    deliveries: 1 at first; above it JetStream sends it again. traceparent: empty where nobody gave one.
    published_at: seconds since the epoch.
    pulled_at: monotonic seconds of this host.
    left_out: bytes at the end of a payload that is too large to be processed.
    """

    payload: bytes
    reply: str
    deliveries: int
    traceparent: str
    published_at: float
    pulled_at: float
    left_out: int = 0

    def __repr__(self) -> str:
        return f"DispatchItem(reply={self.reply!r}, deliveries={self.deliveries})"


class DispatchBatch(Struct, frozen=True, array_like=True, tag="dispatch"):
    items: list[DispatchItem]


class Demand(Struct, frozen=True, array_like=True, tag="demand"):
    """So many more messages than were asked for before; `reset` starts the count anew (a new OperatorActor)."""

    count: int
    reset: bool = False


class GivenBack(Struct, frozen=True, array_like=True, tag="given_back"):
    """Dispatches, by reply subject, that go back to JetStream: the router may not give them back a second time."""

    replies: list[str]


class StillHeld(Struct, frozen=True, array_like=True, tag="still_held"):
    """Dispatches, by reply subject, that have been held for a while and still are: JetStream is not to repeat them."""

    replies: list[str]


class RedisNews(Struct, frozen=True, array_like=True, tag="redis"):
    """From one replica's OperatorActor to those of the others: Redis answers it, or (a question) it does not."""

    answers: bool


class MessageContext(Struct, frozen=True, array_like=True):
    """All that is to be remembered of one segment. It travels encoded through the session, which needs none of it."""

    message_id: str
    operator_id: str
    segment: int
    segments: int
    reply: str
    request_dlr: bool
    receipt_ttl_s: float
    id_rule: IdRule
    metadata: dict[str, str]
    traceparent: str
    possibly_sent_before: bool  # its submit_sm went out before, and had no answer
    transliterated: bool = False
    layout: str = ""  # how the message was cut and numbered, for a redelivery

    @property
    def key(self) -> SegmentKey:
        return SegmentKey(self.message_id, self.operator_id, self.segment)

    def unanswered(self) -> UnansweredSegment:
        """What is noted of it when its submit_sm had no answer."""
        return UnansweredSegment(self.message_id, self.operator_id, self.segment, self.segments, self.layout)


class SubmitOrder(Struct, frozen=True, array_like=True):
    """One submit_sm to send. body: the PDU without its header. context: an encoded MessageContext.

    key: the OperatorActor's number for it. published_at: of its dispatch, seconds since the epoch. traceparent: of what
    it is to be traced under; empty: it is not traced.
    """

    key: int
    body: bytes
    context: bytes
    published_at: float
    traceparent: str = ""

    def __repr__(self) -> str:
        return f"SubmitOrder(key={self.key})"


class SubmitBatch(Struct, frozen=True, array_like=True, tag="submit"):
    """write_by: monotonic seconds of this host; what is not written by then goes back, for its permits end."""

    orders: list[SubmitOrder]
    write_by: float


class Unsubmitted(Enum):
    """Why an order came back."""

    NOT_SENT = "not_sent"  # still in the session's queue when its link ended
    TOO_LATE = "too_late"  # not sent either: the permit for it was not valid any more when the session came to it
    UNKNOWN = "unknown"  # written, never answered


class Refusal(Struct, frozen=True, array_like=True):
    key: int
    command_status: int


class Return(Struct, frozen=True, array_like=True):
    key: int
    why: Unsubmitted


class SubmitReport(Struct, frozen=True, array_like=True, tag="report"):
    """What became of orders: accepted (their correlations are on the way), refused by the SMSC, or back unanswered."""

    accepted: list[int]
    refused: list[Refusal]
    returned: list[Return]


class Accepted(Struct, frozen=True, array_like=True):
    """A submit_sm_resp with ESME_ROK. submitted_at: seconds since the epoch.

    traceparent: of the submit_sm, where it was traced.
    """

    smsc_message_id: str
    submitted_at: float
    context: bytes
    traceparent: str = ""


class AcceptedBatch(Struct, frozen=True, array_like=True, tag="accepted"):
    items: list[Accepted]


class Conclusion(Enum):
    """How a message or a segment ends without an accepting submit_sm_resp."""

    REFUSED = "refused"  # by the SMSC, for good: REJECTED
    EXPIRED = "expired"  # before it was sent
    DEAD = "dead"  # cannot be processed: sms.dead.dispatch
    REPORTED = "reported"  # unknown outcome, and the operator's rule is to report it
    ALREADY_ACCEPTED = "already_accepted"  # a redelivery of a segment that needs no second submit_sm
    REPEATED = "repeated"  # the message_id has come before, in another dispatch, and that has been sent
    GIVE_BACK = "give_back"  # to JetStream, for another replica or a later try


class Concluded(Struct, frozen=True, array_like=True):
    """One segment, or a whole dispatch (segment 0), that ends here.

    payload: only of DEAD. delay_s: only of GIVE_BACK.
    """

    conclusion: Conclusion
    context: MessageContext
    command_status: int = 0
    reason: str = ""
    payload: bytes = b""
    deliveries: int = 1
    delay_s: float = 0

    def __repr__(self) -> str:
        return f"Concluded({self.conclusion.value}, message_id={self.context.message_id!r})"


class ConcludedBatch(Struct, frozen=True, array_like=True, tag="concluded"):
    items: list[Concluded]


class UnansweredBatch(Struct, frozen=True, array_like=True, tag="unanswered"):
    """Segments whose submit_sm went out and had no answer: noted, so that whoever sends one again knows of it."""

    segments: list[UnansweredSegment]


class AcceptedQuery(Struct, frozen=True, array_like=True, tag="accepted?"):
    """Which segments of these messages has the operator accepted already, and which may it have? Asked for
    redeliveries and repeats only.

    firsts: in the order of message_ids, the number in the stream of another dispatch that had the message_id before;
    0: there was none. Empty: there was none of any.
    """

    query: int
    operator_id: str
    message_ids: list[str]
    firsts: list[int] = []


class SentSegment(Struct, frozen=True, array_like=True):
    """What is known of a segment that has been sent. layout: see CorrelationRow."""

    message_id: str
    segment: int
    segments: int
    layout: str = ""


class AcceptedSegments(Struct, frozen=True, array_like=True, tag="accepted!"):
    """The answer to the AcceptedQuery of this number. unsettled: messages whose first dispatch is under way still."""

    query: int
    segments: list[SentSegment]
    unanswered: list[SentSegment]
    unsettled: list[str] = []


class InboundReceipt(Struct, frozen=True, array_like=True, tag="receipt"):
    """A receipt as the session parsed it. key: the session's number for the deliver_sm."""

    key: int
    receipt: ReceiptRow


class InboundPart(Struct, frozen=True, array_like=True, tag="mo"):
    """A mobile-originated message, or one part of it (parts > 1).

    delivery_id: of this deliver_sm, unique over sessions and restarts; the event's id comes from it. content: septets
    of GSM7 one to an octet, with the national tables of `shift`. received_at, join_until (when its other parts must
    have come): seconds since the epoch. udh: the elements of its header but those of concatenation, in hex.

    Parts also lie in JetStream, encoded, until they are joined: new fields come last and have a default.
    """

    key: int
    delivery_id: str
    operator_id: str
    source: str
    to: str
    content: bytes
    encoding: str
    reference: int
    part: int
    parts: int
    received_at: float
    join_until: float
    shift: Shift = NO_SHIFT
    data_coding: int = 0
    udh: str = ""

    def __repr__(self) -> str:
        return f"InboundPart(key={self.key}, part={self.part}, parts={self.parts})"


class InboundBatch(Struct, frozen=True, array_like=True, tag="inbound"):
    items: list[InboundReceipt | InboundPart]


class InboundSettled(Struct, frozen=True, array_like=True, tag="settled"):
    """Deliveries that are safe now, and those to be refused so that the SMSC sends them again."""

    safe: list[int]
    refused: list[int]


class HealthTransition(Struct, frozen=True, array_like=True, tag="health"):
    """is_new: to be published; else it is the last one, told again to a HealthPublisher that was started anew."""

    event: OperatorHealthEvent
    is_new: bool = True


class Confirmed(Struct, frozen=True, array_like=True, tag="confirmed"):
    """Numbers of frames that the consumer has made safe; the producer may forget them."""

    numbers: list[int]


class ActorState(Enum):
    STARTING = "starting"
    RUNNING = "running"
    DEGRADED = "degraded"
    DRAINING = "draining"
    RESTARTING = "restarting"
    NO_ANSWER = "no answer"


class StatusRequest(Struct, frozen=True, array_like=True, tag="status?"):
    pass


class ChildStatus(Struct, frozen=True):
    """What a parent knows of its child, also when that does not answer."""

    actor: str
    name: str
    restarts: int
    state: ActorState
    since: str
    pid: int


Figure = str | int | float | bool | None


class StatusReply(Struct, frozen=True, array_like=True, tag="status!"):
    """One actor's node of the tree. figures: its own numbers and words, by name, safe to show to anyone."""

    actor: str
    name: str
    pid: int
    state: ActorState
    since: str
    restarts: int
    children: list[ChildStatus]
    figures: dict[str, Figure | list[Figure | dict[str, Figure]]]


LaneFrame = (
    DispatchBatch
    | Demand
    | GivenBack
    | StillHeld
    | RedisNews
    | SubmitBatch
    | SubmitReport
    | AcceptedBatch
    | ConcludedBatch
    | UnansweredBatch
    | AcceptedQuery
    | AcceptedSegments
    | InboundBatch
    | InboundSettled
    | HealthTransition
    | Confirmed
    | StatusRequest
    | StatusReply
)
