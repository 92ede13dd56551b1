"""Every metric of the service. The one place where a metric is named; docs/contracts.md is tested against it.

The help says what a person on call does with the figure. Gauges are "livemostrecent": the value last set by a process
that still lives, so that a dead actor's last word is not shown as the present.
"""

from enum import Enum
from typing import Literal

from msgspec import Struct

ANSWER_S = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)  # up to response_s
LATENCY_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
WAIT_S = (0.001, 0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
COMMIT_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0)

GAUGE_MODE: Literal["livemostrecent"] = "livemostrecent"


class Kind(Enum):
    COUNTER = "counter"
    GAUGE = "gauge"
    HISTOGRAM = "histogram"


class Metric(Struct, frozen=True):
    """One row. buckets: upper bounds in seconds, for histograms."""

    name: str
    kind: Kind
    labels: tuple[str, ...]
    help: str
    buckets: tuple[float, ...] = ()


METRICS = (
    Metric(
        "smpp_session_state",
        Kind.GAUGE,
        ("operator", "session", "endpoint"),
        "1 while this session is bound at this endpoint (primary or backup), else 0. "
        "Some sessions of an operator at 0: less throughput; see the dump for the reason.",
    ),
    Metric(
        "smpp_session_waiting",
        Kind.GAUGE,
        ("operator", "session"),
        "1 while this session waits for a bind lease: others hold all binds that the operator allows (bind.max_binds). "
        "It is right to be unbound then; for good at 1: fewer replicas or sessions would do.",
    ),
    Metric(
        "smpp_operator_bound",
        Kind.GAUGE,
        ("operator",),
        "1 while the operator can send and receive through this replica, else 0. "
        "0 at all replicas: its messages wait in JetStream; follow the runbook, session down.",
    ),
    Metric(
        "smpp_submit_sm_total",
        Kind.COUNTER,
        ("operator", "command_status"),
        "submit_sm answered, by command_status. ESME_RTHROTTLED or ESME_RMSGQFUL growing: lower the operator's tps; "
        "others but ESME_ROK: ask the operator.",
    ),
    Metric(
        "smpp_submit_sm_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time from submit_sm to its response. Rising: the SMSC is slow, and a full window will hold the rate down.",
        ANSWER_S,
    ),
    Metric(
        "smpp_dispatch_to_submit_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time a message spends in this service, from JetStream to its submit_sm. "
        "Rising with a low throttle wait: the replica is short of CPU.",
        LATENCY_S,
    ),
    Metric(
        "smpp_window_in_use",
        Kind.GAUGE,
        ("operator", "session"),
        "submit_sm sent and not answered yet. Always at the configured window: the SMSC is slow, or the window small.",
    ),
    Metric(
        "smpp_throttle_wait_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time spent waiting for permits of the operator's tps. High: more is dispatched than the operator allows; "
        "follow the runbook, TPS breach.",
        WAIT_S,
    ),
    Metric(
        "smpp_receipts_total",
        Kind.COUNTER,
        ("operator", "status"),
        "Receipts from the operator, by status. Few against smpp_submit_sm_total: the operator sends none.",
    ),
    Metric(
        "smpp_receipts_unmatched",
        Kind.GAUGE,
        ("operator",),
        "Receipts waiting for their submit_sm_resp, over all replicas. Growing: check the operator's message_id rule.",
    ),
    Metric("smpp_mo_total", Kind.COUNTER, ("operator",), "Mobile-originated messages received, parts put together."),
    Metric(
        "smpp_binds_total",
        Kind.COUNTER,
        ("operator", "result"),
        "Bind attempts by result: bound, or the command_status that refused it. "
        "ESME_RINVPASWD: follow the runbook, credential rotation; ESME_RALYBND: the SMSC still holds an old bind.",
    ),
    Metric(
        "smpp_reconnects_total",
        Kind.COUNTER,
        ("operator",),
        "Sessions lost and connected again. Steadily growing: the link flaps; compare with smpp_enquire_link_seconds.",
    ),
    Metric(
        "smpp_failovers_total",
        Kind.COUNTER,
        ("operator", "to"),
        "Moves of the traffic between endpoints, by the one moved to (primary is a fail-back).",
    ),
    Metric(
        "smpp_enquire_link_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time from our enquire_link to its response. Near response_s: the session is about to be dropped as silent.",
        ANSWER_S,
    ),
    Metric(
        "smpp_messages_total",
        Kind.COUNTER,
        ("operator", "outcome"),
        "Messages finished, by outcome. Growing but for accepted: see the reasons in sms.dead.dispatch and the log.",
    ),
    Metric(
        "smpp_texts_transliterated_total",
        Kind.COUNTER,
        ("operator",),
        "Messages whose text went out with substitutes, as the operator's text.transliterate allows. "
        "More than expected: see what the platform sends; without the option they go out in UCS-2.",
    ),
    Metric(
        "smpp_submits_unknown_total",
        Kind.COUNTER,
        ("operator",),
        "submit_sm sent and never answered; each may reach the handset twice if sent again (unknown_outcome).",
    ),
    Metric(
        "smpp_correlation_write_seconds",
        Kind.HISTOGRAM,
        (),
        "Time of one commit of a batch of correlations. Rising: Postgres is the bottleneck.",
        COMMIT_S,
    ),
    Metric(
        "smpp_correlations_swept_total",
        Kind.COUNTER,
        (),
        "Expired correlations removed. Standing still for a day: the sweep does not run, and the table grows.",
    ),
    Metric(
        "smpp_actor_restarts_total",
        Kind.COUNTER,
        ("actor",),
        "Actors started again by their supervisor. Growing: search the log for actor_died with the reason.",
    ),
    Metric("smpp_build_info", Kind.GAUGE, ("version",), "1, with the version that runs; two during a rolling update."),
)
