"""The writers alone, then with sweeps beside them: one that is killed, then two at once to the end."""

import asyncio
import re
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from loadtest.bench.figures import percentile
from loadtest.sweep.table import counts, is_begun
from loadtest.sweep.writing import SteadyWriter, writing
from sandbox.demo.program import program, program_environment

LOOK_S = 0.02
TELL_EVERY_S = 60.0
MOST_TIMES = 2.0  # as long, the p99 of the writers during a sweep


@dataclass(frozen=True, slots=True)
class Swept:
    """sweep_s: from the first sweep to the end of the last one. problems: rows too many or too few, or a sweep that
    failed."""

    rows: int
    swept: int
    sweep_s: float
    before_ms: Sequence[float]
    during_ms: Sequence[float]
    problems: Sequence[str]

    @property
    def times(self) -> float:
        """How many times as long the p99 of the writers was."""
        return percentile(self.during_ms, 99) / percentile(self.before_ms, 99)

    @property
    def holds(self) -> bool:
        return not self.problems and self.times <= MOST_TIMES


class Sweeps:
    """`smpp-connector sweep` on one database."""

    def __init__(self, directory: Path, dsn: str, passfile: Path) -> None:
        self._dsn = dsn
        self._environment = {
            "POSTGRES_DSN": dsn,
            "PGPASSFILE": str(passfile),
            **program_environment(directory),
        }

    async def killed_at_work(self) -> None:
        """One that ends by SIGKILL as soon as it has begun."""
        async with self._running() as sweep:
            while sweep.returncode is None and not await asyncio.to_thread(is_begun, self._dsn):
                await asyncio.sleep(LOOK_S)

    async def two_at_once(self) -> list[str]:
        """What each of them printed at its end; something else than 0 as its exit code is said in its place."""
        async with self._running() as one, self._running() as other:
            return [await _ending(one), await _ending(other)]

    @asynccontextmanager
    async def _running(self) -> AsyncIterator[Process]:
        """One that is gone after the block. A process group of its own keeps Ctrl-C in a terminal from it."""
        sweep = await asyncio.create_subprocess_exec(
            *program(), "sweep", env=self._environment, stdin=DEVNULL, stdout=PIPE, process_group=0
        )
        try:
            yield sweep
        finally:
            with suppress(ProcessLookupError):
                sweep.kill()
            await sweep.communicate()


async def measure_sweep(dsn: str, sweeps: Sweeps, rows: int, seconds: float, say: Callable[[str], None]) -> Swept:
    """seconds: of the writers alone, before."""
    async with writing(dsn) as writer:
        await asyncio.sleep(seconds)
        before_ms = list(writer.took_ms)
        say(f"writers alone: p99 {percentile(before_ms, 99):.1f} ms")
        started_at = time.monotonic()
        async with _telling(writer, len(before_ms), say):
            await sweeps.killed_at_work()
            endings = await sweeps.two_at_once()
        sweep_s = time.monotonic() - started_at
        during_ms = writer.took_ms[len(before_ms) :]
    problems = _unswept(endings) + _miscounted(dsn, rows, writer)
    return Swept(rows, rows // 2, sweep_s, before_ms, during_ms, problems)


@asynccontextmanager
async def _telling(writer: SteadyWriter, first: int, say: Callable[[str], None]) -> AsyncIterator[None]:
    """Says once a minute how the writes have fared since the first of these."""

    async def tell() -> None:
        while True:
            await asyncio.sleep(TELL_EVERY_S)
            say(f"beside the sweep: p99 {percentile(writer.took_ms[first:], 99):.1f} ms")

    telling = asyncio.create_task(tell())
    try:
        yield
    finally:
        telling.cancel()


async def _ending(sweep: Process) -> str:
    printed = (await sweep.communicate())[0].decode().strip()
    return f"exit code {sweep.returncode}" if sweep.returncode else printed


def _unswept(endings: Sequence[str]) -> list[str]:
    return [
        f"a sweep ended with: {ending}" for ending in endings if not re.fullmatch(r"swept \d+ correlations", ending)
    ]


def _miscounted(dsn: str, rows: int, writer: SteadyWriter) -> list[str]:
    """Every expired row is gone, and nothing else."""
    expired, left = counts(dsn)
    expected = rows - rows // 2 + writer.rows
    return [f"{expired} expired, {left} rows in all are left, not {expected}"] if expired or left != expected else []
