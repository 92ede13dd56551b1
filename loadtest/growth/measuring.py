"""One size: everything started for it, saturated, and gone after it."""

from functools import partial

import psycopg

from loadtest.bench.figures import Saturation
from loadtest.bench.filling import fill
from loadtest.bench.reconciliation import reconcile
from loadtest.bench.rig import Rig, running_rig, usage_between
from loadtest.bench.saturation import saturation_plan
from loadtest.bench.streams import all_bound, all_settled, connected, enable_operators, held
from loadtest.growth.points import Axis
from loadtest.growth.replicas import Replicas
from loadtest.sweep import table
from sandbox.demo.interruption import Interruption

RECEIPT_DELAY_S = 0.2
WARM_UP = 200  # messages of each operator beforehand: the first ones of a process pay for what it does but once
BOUND_S = 180.0  # a hundred operators on a busy machine


def measure(axis: Axis, size: int, messages: int, interruption: Interruption) -> Saturation:
    """Of the other two things there is one operator, one replica, and no correlation before. Raises as running_rig."""
    operators = size if axis is Axis.OPERATORS else 1
    replicas = size if axis is Axis.REPLICAS else 1
    with running_rig(saturation_plan(operators, RECEIPT_DELAY_S), partial(Replicas, replicas=replicas)) as rig:
        if axis is Axis.CORRELATIONS:
            _fill_correlations(rig, size)
        return interruption.run(_saturate(rig, messages, replicas))


def _fill_correlations(rig: Rig, rows: int) -> None:
    """None of them expires before the end."""
    postgres = rig.stack.postgres
    dsn = psycopg.conninfo.make_conninfo(postgres.dsn, passfile=str(postgres.passfile))
    table.fill(dsn, rows, progress=lambda _rows: None, later_s=2 * table.SPAN_S)


async def _saturate(rig: Rig, messages: int, replicas: int) -> Saturation:
    """Counted from when all are bound and warm and the stream is filled."""
    async with connected(rig) as client:
        await enable_operators(rig, client)
        await all_bound(rig, BOUND_S, replicas)
        warm_up = WARM_UP * rig.plan.operators
        end = warm_up + messages
        last = end - rig.plan.operators  # one for each: JetStream goes on with a consumer when a message comes for it
        await fill(client.jetstream(), rig.plan.operator_ids, range(warm_up))
        await all_settled(client, warm_up)
        async with held(client, rig.plan.operator_ids):
            await fill(client.jetstream(), rig.plan.operator_ids, range(warm_up, last))
        before = rig.read_cpu()
        await fill(client.jetstream(), rig.plan.operator_ids, range(last, end))
        await all_settled(client, end)
        usage = usage_between(before, rig.read_cpu())
        memory, names = rig.connector_pss_bytes(), rig.connector.names()
        reconciled = await reconcile(rig, client, end, usage)
    return Saturation(messages, usage.elapsed_s, usage, memory, names, reconciled.problems)
