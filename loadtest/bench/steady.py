"""Steady: messages on an exact schedule that waits for nobody (an open workload)."""

import asyncio
from collections.abc import Sequence

from loadtest.bench.figures import Steady
from loadtest.bench.reconciliation import reconcile
from loadtest.bench.rig import Plan, Rig, usage_between
from loadtest.bench.schedule import publish_evenly
from loadtest.bench.streams import all_bound, all_settled, connected, enable_operators

RATE_TPS = 100
LIMIT_TPS = 200
WARM_UP_S = 5


def steady_plan(operators: int, receipt_delay_s: float) -> Plan:
    """Operators that could each carry all of the load."""
    return Plan(operators, LIMIT_TPS, receipt_delay_s, recorded=True)


async def measure_steady(rig: Rig, seconds: int, rate_tps: int = RATE_TPS) -> Steady:
    """rate_tps over all operators, WARM_UP_S and then the `seconds` that are measured. Raises as measure_saturation."""
    messages, warm_up = rate_tps * (WARM_UP_S + seconds), rate_tps * WARM_UP_S
    async with connected(rig) as client:
        await enable_operators(rig, client)
        await all_bound(rig)
        publishing = publish_evenly(client.jetstream(), rig.plan.operator_ids, messages, rate_tps)
        under_way = asyncio.create_task(publishing)
        await asyncio.sleep(WARM_UP_S)
        before = rig.read_cpu()
        published = await under_way
        usage = usage_between(before, rig.read_cpu())
        memory, names = rig.connector_pss_bytes(), rig.connector.names()
        await published.confirmed()
        await all_settled(client, messages)
        reconciled = await reconcile(rig, client, messages, usage)
    latencies_ms = _latencies_ms(published.at_ns, rig.simulator.received_at_ns(), warm_up)
    return Steady(latencies_ms, published.late_s * 1000, usage, memory, names, reconciled.problems)


def _latencies_ms(published_at_ns: Sequence[int], received_at_ns: dict[int, int], first: int) -> list[float]:
    """Of the messages from number `first` on that arrived; reconciliation tells of the others."""
    return [
        (received_at_ns[number] - at_ns) / 1e6
        for number, at_ns in enumerate(published_at_ns)
        if number >= first and number in received_at_ns
    ]
