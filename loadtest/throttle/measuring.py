"""One case: messages in, arrival times out."""

import asyncio
import time
from collections.abc import Sequence
from statistics import mean

import msgspec
import nats
from nats.js import JetStreamContext

from loadtest.bench.simulator import Arrival
from loadtest.bench.streams import has_streams, until
from loadtest.throttle.cases import Case, Load
from loadtest.throttle.figures import NS, Figures, batched, peak_in_a_second, shares_of, use_of
from loadtest.throttle.rig import OPERATOR, ThrottleRig

SUBJECT = f"sms.dispatch.{OPERATOR}"
CHUNK = 500  # publishes under way
BURSTS_EVERY_S = 2.0
BURST = 4 / 3  # seconds' worth of the limit
SETTLING_S = 2.0  # from the first submit_sm on, not counted
ENDING_S = 4.0  # before the last one: what a replica that stands still had in hand comes again after ack_wait
WITHIN_S = 120.0
TOGETHER = 0.4  # of the time of an unequal load, surely before all replicas but one stand still
THIRDS = 3  # of a case in which Redis is away in the middle


async def measure(rig: ThrottleRig, seconds: float) -> Figures:
    """`seconds` of work at the limit. Raises NeverHappened."""
    case = rig.case
    messages = round(case.limit * seconds / case.segments)
    client = await nats.connect(
        rig.stack.environment["NATS_URL"], nkeys_seed=rig.stack.environment["NATS_NKEY_SEED_FILE"]
    )
    try:
        for replica in rig.replicas:
            replica.launch()
        for replica in rig.replicas:
            replica.wait_ready()
        await until(lambda: has_streams(client), "the connector did not make its streams")
        await _drive(rig, client.jetstream(), messages, seconds)
        await until(lambda: _has_all(rig, messages), f"{messages} messages did not reach the SMSC", WITHIN_S)
    finally:
        await client.close()
    return figures_of(case, rig.simulator.arrivals(), seconds)


def figures_of(case: Case, arrivals: Sequence[Arrival], seconds: float) -> Figures:
    """Use is counted while there is work: of bursts, in each of them; else from when the replicas have found each
    other until they begin to run dry."""
    arrived_ns = [arrival.at_ns for arrival in arrivals]
    first_ns, last_ns = arrived_ns[0] + SETTLING_S * NS, arrived_ns[-1] - ENDING_S * NS
    if case.load is Load.BURSTS:
        use = mean(use_of(burst, case.limit) for burst in batched(arrived_ns, _burst(case)))
    else:
        use = use_of([at_ns for at_ns in arrived_ns if first_ns <= at_ns <= last_ns], case.limit)
    if case.load is Load.UNEQUAL:
        last_ns = arrived_ns[0] + seconds * TOGETHER * NS
    shares = shares_of([link for at_ns, link in arrivals if first_ns <= at_ns <= last_ns], case.replicas)
    return Figures(case.name, case.limit, case.replicas, peak_in_a_second(arrived_ns), use, shares)


async def _drive(rig: ThrottleRig, jetstream: JetStreamContext, messages: int, seconds: float) -> None:
    if rig.case.load is Load.BURSTS:
        await _publish_bursts(rig.case, jetstream, messages)
        return
    await _publish(rig.case, jetstream, 0, messages)
    if rig.case.load is Load.UNEQUAL:
        await asyncio.sleep(seconds / 2)
        for replica in rig.replicas[1:]:
            replica.stand_still()
    elif rig.case.load is Load.WITHOUT_REDIS:
        await asyncio.sleep(seconds / THIRDS)
        rig.stack.redis.kill()
        await asyncio.sleep(seconds / THIRDS)
        rig.stack.redis.start()


async def _publish_bursts(case: Case, jetstream: JetStreamContext, messages: int) -> None:
    due = time.monotonic()
    for first in range(0, messages, _burst(case)):
        await asyncio.sleep(max(0.0, due - time.monotonic()))
        await _publish(case, jetstream, first, min(first + _burst(case), messages))
        due += BURSTS_EVERY_S


def _burst(case: Case) -> int:
    """Messages of one."""
    return round(case.limit * BURST / case.segments)


async def _publish(case: Case, jetstream: JetStreamContext, first: int, end: int) -> None:
    for start in range(first, end, CHUNK):
        numbers = range(start, min(start + CHUNK, end))
        stored = [await jetstream.publish_async(SUBJECT, _dispatch(case, number)) for number in numbers]
        await asyncio.gather(*stored)


def _dispatch(case: Case, number: int) -> bytes:
    return msgspec.json.encode(
        {
            "message_id": f"throttle-{number}",
            "operator_id": OPERATOR,
            "to": f"+{491700000000 + number}",
            "from": "Bench",
            "text": case.text(number),
        }
    )


async def _has_all(rig: ThrottleRig, messages: int) -> bool:
    received: int = rig.simulator.report()["submits"]["received"]
    return received >= messages * rig.case.segments
