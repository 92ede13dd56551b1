"""Every metric of the service. The one place where a metric is named; docs/contracts.md is tested against it.

The help says what a person on call does with the figure; "runbook, ..." names a section of docs/runbook.md.
Gauges are "livemostrecent": the value last set by a process that still lives, so that a dead actor's last word is not
shown as the present.
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
        "Some of an operator's at 0: less throughput, and the dump says why (last error); runbook, session down.",
    ),
    Metric(
        "smpp_session_waiting",
        Kind.GAUGE,
        ("operator", "session"),
        "1 while this session waits for a bind lease: others hold all binds that the operator allows (bind.max_binds). "
        "It is right to be unbound then. For good at 1: fewer replicas or sessions would do.",
    ),
    Metric(
        "smpp_operator_bound",
        Kind.GAUGE,
        ("operator",),
        "1 while the operator can send and receive through this replica, else 0. "
        "0 at all replicas: its messages wait in JetStream; runbook, session down.",
    ),
    Metric(
        "smpp_submit_sm_total",
        Kind.COUNTER,
        ("operator", "command_status"),
        "submit_sm answered, by command_status. ESME_RTHROTTLED or ESME_RMSGQFUL growing: runbook, TPS breach; "
        "others but ESME_ROK growing: ask the operator, docs/answers.md says what we make of each.",
    ),
    Metric(
        "smpp_submit_sm_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time from submit_sm to its response. Rising: the SMSC is slow, and a full window holds the rate down; "
        "ask the operator.",
        ANSWER_S,
    ),
    Metric(
        "smpp_dispatch_to_submit_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time from a message's arrival in JetStream to its submit_sm. "
        "Rising with a low throttle wait: few binds, a slow SMSC, or the replica is short of CPU; runbook, backlog.",
        LATENCY_S,
    ),
    Metric(
        "smpp_window_in_use",
        Kind.GAUGE,
        ("operator", "session"),
        "submit_sm sent and not answered yet. Always at the window of the dump: the SMSC is slow, see "
        "smpp_submit_sm_seconds, or the window is small for the tps.",
    ),
    Metric(
        "smpp_throttle_wait_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time spent waiting for permits of the operator's tps. High: more is dispatched than the operator allows; "
        "runbook, TPS breach.",
        WAIT_S,
    ),
    Metric(
        "smpp_tps_limit",
        Kind.GAUGE,
        ("operator",),
        "submit_sm per second that the operator's tps allows, over all replicas. "
        "The rate of smpp_submit_sm_total of all replicas near it: runbook, TPS breach.",
    ),
    Metric(
        "smpp_dispatch_pending",
        Kind.GAUGE,
        ("operator",),
        "Dispatches in JetStream that no replica has been given yet; every replica shows the same figure, looked at "
        "every 15 s. Growing for minutes: runbook, backlog.",
    ),
    Metric(
        "smpp_receipts_total",
        Kind.COUNTER,
        ("operator", "status"),
        "Receipts from the operator, by status. Few against smpp_submit_sm_total: ask the operator whether it sends "
        "them; many UNDELIVERABLE or REJECTED: ask it why.",
    ),
    Metric(
        "smpp_receipts_unmatched",
        Kind.GAUGE,
        ("operator",),
        "Receipts waiting for their submit_sm_resp, over all replicas. Growing: the operator's message_id rule is "
        "wrong, or Postgres is slow; runbook, unmatched receipts.",
    ),
    Metric(
        "smpp_mo_total",
        Kind.COUNTER,
        ("operator",),
        "Messages from handsets, long ones put together. Standing still where there should be some: ask the operator "
        "whether it routes them to our bind.",
    ),
    Metric(
        "smpp_binds_total",
        Kind.COUNTER,
        ("operator", "result"),
        "Bind attempts by result: ESME_ROK, the command_status that refused it, or why there was no answer. "
        "ESME_RINVPASWD growing: runbook, credential rotation; ESME_RALYBND: the SMSC still holds an old bind, wait.",
    ),
    Metric(
        "smpp_reconnects_total",
        Kind.COUNTER,
        ("operator",),
        "Attempts to connect again, after a session was lost or could not be bound. Steadily growing: the link flaps; "
        "runbook, session down.",
    ),
    Metric(
        "smpp_failovers_total",
        Kind.COUNTER,
        ("operator", "to"),
        "Moves of the traffic between endpoints, by the one moved to (primary is a fail-back). "
        "Growing more than now and then: runbook, failover.",
    ),
    Metric(
        "smpp_enquire_link_seconds",
        Kind.HISTOGRAM,
        ("operator",),
        "Time from our enquire_link to its response. Near response_s: the session is about to be dropped as silent; "
        "ask the operator, and see the network.",
        ANSWER_S,
    ),
    Metric(
        "smpp_messages_total",
        Kind.COUNTER,
        ("operator", "outcome"),
        "Dispatches settled, by outcome: accepted; rejected or expired (a final event); dead (sms.dead.dispatch, with "
        "the reason); repeated (sent before); given back (comes again). dead growing: read the reasons in "
        "sms.dead.dispatch; given back growing: runbook, session down.",
    ),
    Metric(
        "smpp_texts_transliterated_total",
        Kind.COUNTER,
        ("operator",),
        "Messages whose text went out with substitutes, as the operator's text.transliterate allows. "
        "More than expected: look at what the platform sends; without the option they go out in UCS-2.",
    ),
    Metric(
        "smpp_submits_unknown_total",
        Kind.COUNTER,
        ("operator",),
        "submit_sm sent and never answered; each may reach the handset twice if sent again (unknown_outcome). "
        "Growing: links break or the SMSC is slow; runbook, session down.",
    ),
    Metric(
        "smpp_correlation_write_seconds",
        Kind.HISTOGRAM,
        (),
        "Time of one commit of a batch of correlations. Rising: acknowledgements wait for it; runbook, database slow.",
        COMMIT_S,
    ),
    Metric(
        "smpp_correlations_swept_total",
        Kind.COUNTER,
        (),
        "Expired correlations removed by the service, beside the sweep command. Standing still for days at all "
        "replicas: the table grows; runbook, database slow.",
    ),
    Metric(
        "smpp_actor_restarts_total",
        Kind.COUNTER,
        ("actor",),
        "Actors started again by their supervisor. Growing: search the log for actor_died, and for actor_bug just "
        "before; runbook, actor restarts.",
    ),
    Metric(
        "smpp_certificate_not_after_timestamp_seconds",
        Kind.GAUGE,
        ("certificate", "operator"),
        "When the first certificate of a kind ends, in seconds since 1970; +Inf: there is none any more. "
        "Less than weeks from now: runbook, certificate.",
    ),
    Metric(
        "smpp_build_info",
        Kind.GAUGE,
        ("version",),
        "1, with the version that runs. Two versions for longer than a rolling update: look at the pods of the older.",
    ),
)
