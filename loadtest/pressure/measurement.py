"""One case: the load, the samples beside it, and what does not hold afterwards."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from loadtest.bench.reconciliation import reconcile
from loadtest.bench.rig import Rig, usage_between
from loadtest.bench.samples import Sample, sampling
from loadtest.bench.schedule import publish_evenly
from loadtest.bench.streams import all_bound, all_settled, connected, enable_operators
from loadtest.pressure.bounds import Highest, bounds, exceeded, highest_of
from loadtest.pressure.cases import ANSWERED_S, SESSIONS, Case, Kind

SAMPLE_EVERY_S = 0.5
MOST_GROWTH_BYTES = 128 * 1024 * 1024  # of all processes together, by what is held under pressure

Report = Mapping[str, Mapping[str, float]]
"""The simulator's, as far as it is made of numbers."""


@dataclass(frozen=True, slots=True)
class Pressed:
    """highest: of each queue, of any actor of its kind. growth_bytes: PSS at its highest over that before the load.

    deliveries_per_s: deliver_sm at the simulator between two samples, at most. enquiry_s: the longest answer to an
    enquire_link of the simulator. problems: what does not hold; none is the only good result.
    """

    kind: Kind
    messages: int
    highest: Highest
    growth_bytes: int
    deliveries_per_s: float
    refused_deliveries: int
    enquiry_s: float
    problems: Sequence[str]


async def press(rig: Rig, case: Case, seconds: int) -> Pressed:
    """Raises NeverHappened, and TimeoutError or nats.errors.Error when NATS does not do its part."""
    messages = case.rate_tps * seconds
    async with connected(rig) as client:
        await enable_operators(rig, client)
        await all_bound(rig)
        before = rig.read_cpu()
        async with sampling(rig, SAMPLE_EVERY_S) as samples:
            async with case.pressure(rig, seconds):
                published = await publish_evenly(client.jetstream(), rig.plan.operator_ids, messages, case.rate_tps)
            await published.confirmed()
            await all_settled(client, messages)
        usage = usage_between(before, rig.read_cpu())
        reconciled = await reconcile(rig, client, messages, usage)
    return _pressed(case, messages, samples, reconciled.report, reconciled.problems)


def _pressed(
    case: Case, messages: int, samples: Sequence[Sample], report: Report, unreconciled: Sequence[str]
) -> Pressed:
    bounded = bounds(case.plan.tps, SESSIONS)
    highest = highest_of(samples, bounded)
    growth_bytes = max(sample.written_bytes for sample in samples) - samples[0].written_bytes
    return Pressed(
        kind=case.kind,
        messages=messages,
        highest=highest,
        growth_bytes=growth_bytes,
        deliveries_per_s=_peak(samples),
        refused_deliveries=int(report["receipts"]["refused"]),
        enquiry_s=report["enquire_links"]["longest_answer_s"],
        problems=[*unreconciled, *_broken(report, growth_bytes), *exceeded(highest, bounded)],
    )


def _broken(report: Report, growth_bytes: int) -> list[str]:
    """Of the sessions as the simulator sees them, and of the memory."""
    binds, enquiries = report["binds"]["total"], report["enquire_links"]
    holds = {
        f"{binds} binds, {SESSIONS} were to be made": binds == SESSIONS,
        "no enquire_link of the simulator was answered": enquiries["answered"] > 0,
        f"an enquire_link was answered after {enquiries['longest_answer_s']:.1f} s": (
            enquiries["longest_answer_s"] < ANSWERED_S
        ),
        f"memory has grown by {growth_bytes:,} octets": growth_bytes < MOST_GROWTH_BYTES,
    }
    return [complaint for complaint, is_so in holds.items() if not is_so]


def _peak(samples: Sequence[Sample]) -> float:
    rates = [(later.deliveries - one.deliveries) / (later.at - one.at) for one, later in pairwise(samples)]
    return max(rates, default=0.0)
