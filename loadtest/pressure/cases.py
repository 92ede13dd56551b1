"""The two pressures: every commit of Postgres takes 200 ms, and receipts come at 5,000 a second and more."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from time import monotonic

import psycopg

from loadtest.bench.rig import Plan, Rig

Pressure = Callable[[Rig, float], AbstractAsyncContextManager[None]]
"""Lasts for the block, which takes about so many seconds."""

SESSIONS = 2
ANSWERED_S = 10.0  # the simulator gives a link up that does not answer for so long
DELIVER_WINDOW = 5_000  # as many as a session holds, and far more than it passes on at once
COPIES = 5  # of each receipt, as of an SMSC that repeats what is answered late
AIM_EVERY_S = 0.25

# At each commit that touches a correlation or a parked receipt, once however many rows it has; the setting is gone with
# the transaction.
SLOW_COMMITS = """
CREATE FUNCTION smpp.bench_slow_commit() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF coalesce(current_setting('bench.slept', true), '') = '' THEN
        PERFORM set_config('bench.slept', 'yes', true);
        PERFORM pg_sleep(0.2);
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER bench_slow_commit AFTER INSERT OR UPDATE ON smpp.message_correlations
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION smpp.bench_slow_commit();
CREATE CONSTRAINT TRIGGER bench_slow_commit AFTER INSERT OR UPDATE ON smpp.unmatched_receipts
    DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION smpp.bench_slow_commit();
"""
QUICK_COMMITS = "DROP FUNCTION smpp.bench_slow_commit() CASCADE"


class Kind(StrEnum):
    SLOW_COMMITS = "slow-commits"
    RECEIPTS = "receipts"


@dataclass(frozen=True, slots=True)
class Case:
    """Messages at an even rate while something presses."""

    kind: Kind
    plan: Plan
    rate_tps: int
    pressure: Pressure


@asynccontextmanager
async def _slow_commits(rig: Rig, _seconds: float) -> AsyncIterator[None]:
    await asyncio.to_thread(_execute, rig, SLOW_COMMITS)
    try:
        yield
    finally:
        await asyncio.to_thread(_execute, rig, QUICK_COMMITS)


@asynccontextmanager
async def _receipts_at_once(rig: Rig, seconds: float) -> AsyncIterator[None]:
    """The receipts of all messages fall due at one moment, when the block ends."""
    aiming = asyncio.create_task(_aim(rig, monotonic() + seconds))
    try:
        yield
    finally:
        aiming.cancel()


async def _aim(rig: Rig, due: float) -> None:
    while (left_s := due - monotonic()) > 0:
        await asyncio.to_thread(rig.simulator.change, receipt_delay_s=left_s)
        await asyncio.sleep(AIM_EVERY_S)


def _execute(rig: Rig, statements: str) -> None:
    environment = rig.stack.environment
    with psycopg.connect(environment["POSTGRES_DSN"], passfile=environment["PGPASSFILE"]) as connection:
        connection.execute(statements)


def _plan(rate_tps: int, **traits: object) -> Plan:
    return Plan(1, 2 * rate_tps, 0.2, traits={"deliver_answer_s": ANSWERED_S, **traits}, sessions=SESSIONS)


CASES = {
    Kind.SLOW_COMMITS: Case(Kind.SLOW_COMMITS, _plan(300), 300, _slow_commits),
    Kind.RECEIPTS: Case(
        Kind.RECEIPTS,
        _plan(500, deliver_window=DELIVER_WINDOW, deliver_retry_s=0.5, receipt_copies=COPIES),
        500,
        _receipts_at_once,
    ),
}
