"""How much each queue of the service may hold, as its dump shows it."""

from collections.abc import Container, Iterable, Mapping

from loadtest.bench.samples import Sample

Highest = Mapping[str, float]
"""Of each queue, "kind of actor: figure"."""

MAX_ACK_PENDING = 20_000  # dispatches of an operator that JetStream hands out without an acknowledgement
UNSETTLED_DELIVERIES = 5_000  # deliver_sm of a session that have no answer yet
AT_PUBLISHER = 1_000  # of those, and of refused ones, with the ReceiptPublisher
LOOKAHEAD = 16  # dispatches that an operator may have waiting, beside half a second's of its TPS


def bounds(tps: int, sessions: int) -> dict[str, float]:
    """Of every queue there is, with one operator; its windows take two seconds of its TPS."""
    return {
        "operator: queue": LOOKAHEAD + tps / 2,
        "operator: window_in_use": 2 * tps,
        "operator: unconfirmed": MAX_ACK_PENDING,
        "session: window_in_use": 2 * tps / sessions,
        "session: deliveries_unsettled": UNSETTLED_DELIVERIES,
        "session: unconfirmed": MAX_ACK_PENDING,
        "correlation-writer: waiting_frames": MAX_ACK_PENDING,
        "receipt-publisher: waiting": AT_PUBLISHER * sessions,
        "receipt-publisher: early": AT_PUBLISHER * sessions,
    }


def highest_of(samples: Iterable[Sample], queues: Container[str]) -> dict[str, float]:
    """Of these figures; one that the dump never showed is missing."""
    highest: dict[str, float] = {}
    for sample in samples:
        for actor, figures in sample.queues.items():
            for figure, value in figures.items():
                queue = f"{actor.partition('@')[0]}: {figure}"
                if queue in queues:
                    highest[queue] = max(value, highest.get(queue, 0))
    return highest


def exceeded(highest: Highest, bounded: Mapping[str, float]) -> list[str]:
    """A line for each queue that held too much, or was never seen."""
    return [
        f"{queue}: {highest.get(queue, 'never seen')}, at most {bound:g}"
        for queue, bound in bounded.items()
        if not 0 <= highest.get(queue, -1) <= bound
    ]
