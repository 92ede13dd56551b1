"""Steady: messages on an exact schedule that waits for nobody (an open workload)."""

import asyncio
from collections.abc import Sequence
from time import monotonic, time_ns
from typing import NamedTuple

from nats.js import JetStreamContext
from nats.js.api import PubAck

from loadtest.bench.figures import Steady
from loadtest.bench.filling import CONFIRM_TIMEOUT_S, operator_of, publish
from loadtest.bench.reconciliation import reconcile
from loadtest.bench.rig import Plan, Rig, usage_between
from loadtest.bench.streams import all_settled, connected, enable_operators, until

RATE_TPS = 100
LIMIT_TPS = 200
WARM_UP_S = 5


class _Publishing(NamedTuple):
    """What was published: when each message was, how late at most, and the answers still to come."""

    at_ns: list[int]
    late_s: float
    stored: list[asyncio.Future[PubAck]]


def steady_plan(operators: int, receipt_delay_s: float) -> Plan:
    """Operators that could each carry all of the load."""
    return Plan(operators, LIMIT_TPS, receipt_delay_s, recorded=True)


async def measure_steady(rig: Rig, seconds: int) -> Steady:
    """RATE_TPS over all operators, WARM_UP_S and then the `seconds` that are measured. Raises as measure_saturation."""
    messages, warm_up = RATE_TPS * (WARM_UP_S + seconds), RATE_TPS * WARM_UP_S
    async with connected(rig) as client:
        await enable_operators(rig, client)
        await until(lambda: _all_bound(rig), "the operators were not bound")
        publishing = asyncio.create_task(_publish(client.jetstream(), rig.plan.operator_ids, messages))
        await asyncio.sleep(WARM_UP_S)
        before = rig.read_cpu()
        published = await publishing
        usage = usage_between(before, rig.read_cpu())
        memory, names = rig.connector_pss_bytes(), rig.connector.names()
        async with asyncio.timeout(CONFIRM_TIMEOUT_S):
            await asyncio.gather(*published.stored)
        await all_settled(client, messages)
        reconciled = await reconcile(rig, client, messages, usage)
    latencies_ms = _latencies_ms(published.at_ns, rig.simulator.received_at_ns(), warm_up)
    return Steady(latencies_ms, published.late_s * 1000, usage, memory, names, reconciled.problems)


async def _all_bound(rig: Rig) -> bool:
    bound: int = rig.simulator.report()["binds"]["now"]
    return bound == rig.plan.operators


async def _publish(jetstream: JetStreamContext, operator_ids: list[str], messages: int) -> _Publishing:
    """One every 1 / RATE_TPS seconds; one that is late does not move those after it."""
    published = _Publishing([], 0.0, [])
    late_s = 0.0
    first_due = monotonic()
    for number in range(messages):
        due = first_due + number / RATE_TPS
        await asyncio.sleep(max(0.0, due - monotonic()))
        late_s = max(late_s, monotonic() - due)
        published.at_ns.append(time_ns())
        published.stored.append(await publish(jetstream, operator_of(operator_ids, number), number))
    return published._replace(late_s=late_s)


def _latencies_ms(published_at_ns: Sequence[int], received_at_ns: dict[int, int], first: int) -> list[float]:
    """Of the messages from number `first` on that arrived; reconciliation tells of the others."""
    return [
        (received_at_ns[number] - at_ns) / 1e6
        for number, at_ns in enumerate(published_at_ns)
        if number >= first and number in received_at_ns
    ]
