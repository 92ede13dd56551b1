"""Whether every message went out once and got exactly one final event: without that no figure counts."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from nats.aio.client import Client

from loadtest.bench.accounting import CpuSpent
from loadtest.bench.figures import CONNECTOR, Usage
from loadtest.bench.filling import message_id
from loadtest.bench.rig import MOST_WARNINGS, NeverHappened, Rig
from loadtest.bench.streams import Outcome, dispatches_left, outcomes, until
from sandbox.demo.connector import last_warnings

ANSWERS_TIMEOUT_S = 10.0  # for the deliver_sm_resp that follow the last events


class Reconciled(NamedTuple):
    """Events and the simulator's report, compared; problems: what does not add up, a line each, and then the
    connector's last warnings."""

    outcomes: list[Outcome]
    report: Mapping[str, Any]
    problems: list[str]


async def reconcile(rig: Rig, client: Client, messages: int, usage: Usage, repeated: int = 0) -> Reconciled:
    """Compare what was published, messages 0 to `messages` - 1, with what the simulator and JetStream have of them.

    repeated: submit_sm that may have come twice, because their link was cut before they were answered.
    """
    with suppress(NeverHappened):  # then the comparison tells how many are missing
        await until(lambda: _receipts_answered(rig), "receipts were not answered", ANSWERS_TIMEOUT_S)
    found, left, report = await outcomes(client), await dispatches_left(client), rig.simulator.report()
    expected = map(message_id, range(messages))
    problems = problems_of(expected, found, report, left, repeated) + lost_processes(usage.spent[CONNECTOR])
    warnings = last_warnings(rig.connector.log_file, MOST_WARNINGS) if problems else []
    return Reconciled(found, report, problems + warnings)


def problems_of(
    expected: Iterable[str], found: Iterable[Outcome], report: Mapping[str, Any], left: int, repeated: int = 0
) -> list[str]:
    """What does not add up.

    expected: the message ids. report: the simulator's. left: dispatches that nobody has acknowledged.
    """
    wanted = set(expected)
    finals = Counter(outcome.message_id for outcome in found if outcome.final)
    submits, receipts = report["submits"], report["receipts"]
    counts = {
        f"of {len(wanted)} messages without a final event": len(wanted - finals.keys()),
        "messages with more than one final event": sum(count > 1 for count in finals.values()),
        "final events of messages that were not published": len(finals.keys() - wanted),
        "dispatches not acknowledged": left,
        "messages that the simulator did not accept": len(wanted) - report["messages"]["distinct"],
        "submit_sm that the simulator had seen before": max(0, report["messages"]["duplicated"] - repeated),
        "submit_sm that the simulator refused": submits["received"] - submits["accepted"],
        "receipts that the connector did not accept": receipts["pending"] + receipts["given_up"],
    }
    return [f"{count} {what}" for what, count in counts.items() if count]


def lost_processes(connector: CpuSpent) -> list[str]:
    """Actors that died during the measurement, even if nothing was lost by it: the figures are not of a usual run."""
    if not connector.gone and not connector.ended_s:
        return []
    return ["a process of the connector ended during the measurement"]


async def _receipts_answered(rig: Rig) -> bool:
    pending: int = rig.simulator.report()["receipts"]["pending"]
    return pending == 0
