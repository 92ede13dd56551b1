"""Idle: operators that are bound and have nothing to do."""

import asyncio

from loadtest.bench.figures import Idle
from loadtest.bench.rig import Plan, Rig, usage_between
from loadtest.bench.streams import all_bound, connected, enable_operators

TPS = 100
BIND_S = 120.0  # a hundred operators start eight at a time
SETTLE_S = 5.0  # after the last bind


def idle_plan(operators: int) -> Plan:
    """One session each."""
    return Plan(operators, TPS, receipt_delay_s=0)


async def measure_idle(rig: Rig, seconds: int) -> Idle:
    """What they use in so many seconds, once all are bound. Raises NeverHappened."""
    async with connected(rig) as client:
        await enable_operators(rig, client)
        await all_bound(rig, BIND_S)
    await asyncio.sleep(SETTLE_S)
    before = rig.read_cpu()
    await asyncio.sleep(seconds)
    usage = usage_between(before, rig.read_cpu())
    return Idle(rig.plan.operators, usage, rig.connector_pss_bytes(), rig.connector.names())
