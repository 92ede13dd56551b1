"""OperatorConfig as the operator-management-service sends it, validated on arrival."""

from enum import Enum
from typing import Annotated

import msgspec
from msgspec import Meta, Struct

from config.answers import Action, actions_by_status
from config.receipts import ReceiptConfig
from config.texts import DefaultAlphabet, TextConfig, ValidityPeriod
from smpp.message_id import IdRule
from smpp.segments import LongMessages

Port = Annotated[int, Meta(ge=1, le=65535)]
Octet = Annotated[int, Meta(ge=0, le=255)]
Seconds = Annotated[float, Meta(gt=0)]
# One token of a NATS subject and a consumer name. It ends as it does because Python's $ also matches before a last
# newline, and \Z means nothing in a JSON Schema.
OperatorId = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_-]{1,64}(?!\n)$")]

MOST_HELD_S = 10.0  # a message may wait so long in an OperatorActor for its turn; then it goes back to JetStream
MIN_WINDOW = 10  # submit_sm; below it one slow answer stalls the bind


class EndpointRole(Enum):
    PRIMARY = "primary"
    BACKUP = "backup"


class ConfiguredBindMode(Enum):
    AUTO = "auto"
    TRANSCEIVER = "transceiver"
    TRANSMITTER_RECEIVER = "transmitter_receiver"


class UnknownOutcome(Enum):
    """What to do with a submit_sm that was sent but never answered."""

    RESEND = "resend"
    REPORT = "report"


class Endpoint(Struct, frozen=True, kw_only=True):
    role: EndpointRole = EndpointRole.PRIMARY
    host: Annotated[str, Meta(min_length=1)]
    port: Port
    tls: bool = False
    tls_ca_pem: str | None = None
    tls_server_name: str | None = None

    @property
    def address(self) -> str:
        """As people write it."""
        return f"{self.host}:{self.port}"


class BindConfig(Struct, frozen=True, kw_only=True):
    mode: ConfiguredBindMode = ConfiguredBindMode.AUTO
    sessions: Annotated[int, Meta(ge=1, le=64)] = 1
    max_binds: Annotated[int, Meta(ge=1)] | None = None
    system_type: Annotated[str, Meta(max_length=12)] = ""
    addr_ton: Octet = 0
    addr_npi: Octet = 0
    address_range: Annotated[str, Meta(max_length=40)] = ""


class SourceConfig(Struct, frozen=True, kw_only=True):
    """TON and NPI of the source address; None: by the kind of address (alphanumeric 5/0, short code 3/0, else 1/1).

    alphabet: of alphanumeric addresses; None: the default alphabet.
    """

    ton: Octet | None = None
    npi: Octet | None = None
    alphabet: DefaultAlphabet | None = None


class DestinationConfig(Struct, frozen=True, kw_only=True):
    ton: Octet = 1
    npi: Octet = 1


class MessageIdConfig(Struct, frozen=True, kw_only=True):
    """How this SMSC writes its message ids in the submit_sm_resp and in the receipt."""

    submit_resp: IdRule = IdRule.STRING
    receipt: IdRule = IdRule.STRING


class Timers(Struct, frozen=True, kw_only=True):
    enquire_link_s: Seconds = 30
    response_s: Seconds = 10
    reconnect_min_s: Seconds = 5
    reconnect_max_s: Seconds = 60
    failback_after_s: Seconds = 60


class RetryConfig(Struct, frozen=True, kw_only=True):
    """When a segment that the SMSC keeps refusing is given up; whichever limit comes first.

    attempts: submit_sm of a segment that the SMSC refuses for its own sake, or never answers. age_s: from its first
    refusal on.
    """

    attempts: Annotated[int, Meta(ge=1, le=100)] = 5
    age_s: Annotated[float, Meta(gt=0, le=86_400)] = 3600


class OperatorConfig(Struct, frozen=True, kw_only=True):
    operator_id: OperatorId
    endpoints: Annotated[tuple[Endpoint, ...], Meta(min_length=1)]
    name: str = ""
    enabled: bool = True
    tps: Annotated[float, Meta(gt=0)] = 100
    window: Annotated[int, Meta(ge=1, le=10_000)] | None = None
    bind: BindConfig = BindConfig()
    source: SourceConfig = SourceConfig()
    destination: DestinationConfig = DestinationConfig()
    default_alphabet: DefaultAlphabet = DefaultAlphabet.GSM7
    text: TextConfig = TextConfig()
    long_messages: LongMessages = LongMessages.UDH8
    validity_period: ValidityPeriod = ValidityPeriod.RELATIVE
    message_id: MessageIdConfig = MessageIdConfig()
    receipts: ReceiptConfig = ReceiptConfig()
    timers: Timers = Timers()
    unknown_outcome: UnknownOutcome = UnknownOutcome.RESEND
    answers: dict[str, Action] = {}
    retry: RetryConfig = RetryConfig()
    mo_parts_s: Annotated[float, Meta(gt=0, le=86_400)] = 60
    receipt_ttl_h: Annotated[float, Meta(gt=0)] = 72

    def __post_init__(self) -> None:
        """Raises ValueError for `answers` and `receipts` that cannot be, and `text` that does not go with the default
        alphabet."""
        self.text.check(self.default_alphabet)
        self.receipts.check()
        self.answers_by_status()

    def answers_by_status(self) -> dict[int, Action]:
        """What `answers` says, by command_status."""
        return actions_by_status(self.answers)

    def session_window(self) -> int:
        """Unanswered submit_sm allowed on one session: as set, else twice the TPS over the sessions, at least 10."""
        if self.window is not None:
            return self.window
        return max(MIN_WINDOW, min(10_000, round(2 * self.tps / self.bind.sessions)))


class OperatorList(Struct, frozen=True):
    """The answer of GET /v1/connectors/{group}/operators; entries stay raw so that one bad operator spoils no other."""

    operators: tuple[msgspec.Raw, ...]


class Credentials(Struct, frozen=True):
    """What a bind needs; held in memory by the process that binds, never shown."""

    system_id: Annotated[str, Meta(max_length=15)]
    password: Annotated[str, Meta(max_length=8)]
    version: int | str = ""
    tls_cert_pem: str | None = None
    tls_key_pem: str | None = None

    def __repr__(self) -> str:
        return f"Credentials(version={self.version!r})"
