"""Steady traffic over links that are cut now and then, sampled all the time and reconciled at the end."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loadtest.bench.reconciliation import reconcile
from loadtest.bench.rig import Plan, Rig, usage_between
from loadtest.bench.samples import sampling
from loadtest.bench.schedule import publish_evenly
from loadtest.bench.streams import all_bound, all_settled, connected, enable_operators
from loadtest.soak.flatness import Trend, growth, trends
from sandbox.link_proxy import LinkProxy

OPERATORS = 2
RECEIPT_DELAY_S = 1.0
WARM_UP_S = 60.0  # at most, and at most a quarter of the time: until what gathers in the first minute has gathered
SAMPLES = 300
LEAST_EVERY_S = 1.0
RECONNECTED_S = 30.0
UNKNOWN = "smpp_submits_unknown_total"


@dataclass(frozen=True, slots=True)
class Soaked:
    """cuts: of all links at once. binds: that the simulator accepted. unknown: submit_sm that the service counted as
    unanswered; repeated: messages that the simulator saw twice. growth: of each process, in octets. problems: what does
    not hold."""

    messages: int
    cuts: int
    binds: int
    unknown: int
    repeated: int
    trends: Sequence[Trend]
    growth: Mapping[str, int]
    problems: Sequence[str]


def soak_plan(rate_tps: int) -> Plan:
    """Operators that could each carry all of the load."""
    return Plan(OPERATORS, rate_tps, RECEIPT_DELAY_S)


async def soak(rig: Rig, seconds: int, rate_tps: int, cut_every_s: float) -> Soaked:
    """Raises NeverHappened, and TimeoutError or nats.errors.Error when NATS does not do its part."""
    messages = seconds * rate_tps
    async with connected(rig) as client, LinkProxy(rig.simulator.port) as proxy:
        await enable_operators(rig, client, proxy.port)
        await all_bound(rig)
        before = rig.read_cpu()
        async with sampling(rig, max(LEAST_EVERY_S, seconds / SAMPLES)) as samples:
            cutting = asyncio.create_task(_cut(proxy, round(seconds / cut_every_s) - 1, cut_every_s))
            published = await publish_evenly(client.jetstream(), rig.plan.operator_ids, messages, rate_tps)
        usage = usage_between(before, rig.read_cpu())
        cuts = await cutting
        unconfirmed = await published.unconfirmed()
        await all_bound(rig, RECONNECTED_S)
        await all_settled(client, messages)
        unknown = int(rig.connector.counted(UNKNOWN))
        reconciled = await reconcile(rig, client, messages, usage, repeated=unknown)
    warm_up_s = min(WARM_UP_S, seconds / 4)
    warm = [sample for sample in samples if sample.at > samples[0].at + warm_up_s]
    found = trends(warm)
    report = reconciled.report
    return Soaked(
        messages=messages,
        cuts=cuts,
        binds=report["binds"]["total"],
        unknown=unknown,
        repeated=report["messages"]["duplicated"],
        trends=found,
        growth=growth(warm),
        problems=[
            *_unstored(unconfirmed),
            *reconciled.problems,
            *_grown(found),
            *_unbound(report["binds"]["total"], cuts),
        ],
    )


async def _cut(proxy: LinkProxy, times: int, every_s: float) -> int:
    for _ in range(times):
        await asyncio.sleep(every_s)
        proxy.cut()
    return times


def _unstored(unconfirmed: int) -> list[str]:
    return [f"{unconfirmed} publishes of the load generator were not confirmed"] if unconfirmed else []


def _grown(found: Sequence[Trend]) -> list[str]:
    return [f"{trend.name} rose from {trend.first:,.0f} to {trend.last:,.0f}" for trend in found if not trend.is_flat]


def _unbound(binds: int, cuts: int) -> list[str]:
    wanted = OPERATORS * (1 + cuts)
    return [] if binds == wanted else [f"{binds} binds, {wanted} were to be made"]
