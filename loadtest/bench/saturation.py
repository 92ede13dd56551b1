"""Saturation: a stream filled beforehand, and operators that set no limit."""

from datetime import datetime

from loadtest.bench.figures import Saturation
from loadtest.bench.filling import fill
from loadtest.bench.reconciliation import Reconciled, reconcile
from loadtest.bench.rig import NeverHappened, Plan, Rig, usage_between
from loadtest.bench.streams import all_settled, connected, enable_operators

UNLIMITED_TPS = 50_000  # of all operators together: with more each, all of the stream would wait in the actors
WINDOW = 2_000


def saturation_plan(operators: int, receipt_delay_s: float, sampled_percent: int | None = None) -> Plan:
    """Operators whose limits together are out of reach."""
    return Plan(operators, UNLIMITED_TPS // operators, receipt_delay_s, WINDOW, sampled_percent=sampled_percent)


async def measure_saturation(rig: Rig, messages: int) -> Saturation:
    """Raises NeverHappened, and TimeoutError or nats.errors.Error when NATS does not do its part."""
    async with connected(rig) as client:
        await fill(client.jetstream(), rig.plan.operator_ids, range(messages), rig.plan.sampled_percent)
        before = rig.read_cpu()
        await enable_operators(rig, client)
        await all_settled(client, messages)
        usage = usage_between(before, rig.read_cpu())
        memory, names = rig.connector_pss_bytes(), rig.connector.names()
        reconciled = await reconcile(rig, client, messages, usage)
    return Saturation(messages, took_s(reconciled), usage, memory, names, reconciled.problems)


def took_s(reconciled: Reconciled) -> float:
    """From the first submit_sm to the last final event; NeverHappened without one."""
    first_at = reconciled.report["submits"]["first_at"]
    finals = [outcome.stored_at for outcome in reconciled.outcomes if outcome.final]
    if first_at is None or not finals:
        raise NeverHappened("no message got through")
    return (max(finals) - datetime.fromisoformat(first_at)).total_seconds()
