"""`python -m loadtest.sizing IMAGE`: a steady load for minutes, within limits; exits 1 when they do not hold."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from typing import cast

from loadtest.bench.figures import Steady
from loadtest.bench.rig import Plan, Rig, running_rig
from loadtest.bench.steady import measure_steady
from loadtest.exit_code import FAILED, exit_code_of
from loadtest.sizing.cgroup import ControlGroup, Reading
from loadtest.sizing.connector import LimitedConnector
from sandbox.demo.interruption import Interruption

LOOK_S = 1.0  # between readings of the control group
RECEIPT_DELAY_S = 1.0
SPARE_TPS = 2  # an operator's limit, as a multiple of its share of the load
LATE_MS = 1000.0  # to submit_sm, 99th percentile; later means that the limits hinder
MIB = 1024 * 1024


@dataclass
class Findings:
    """Of the control group, while the load lasts."""

    first: Reading | None = None
    last: Reading | None = None
    peak_bytes: int = 0

    def add(self, reading: Reading) -> None:
        self.first = self.first or reading
        self.last = reading
        self.peak_bytes = max(self.peak_bytes, reading.working_set_bytes)


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when the limits hold and every message is accounted for."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    limits = ("--memory", options.memory, "--memory-swap", options.memory, "--cpus", options.cpus)
    share_tps = max(1, options.tps // options.operators)
    plan = Plan(options.operators, SPARE_TPS * share_tps, RECEIPT_DELAY_S, recorded=True)
    with running_rig(plan, partial(LimitedConnector, image=options.image, limits=limits)) as rig:
        findings, steady = interruption.run(_measure(rig, options.seconds, options.tps))
    problems = [*steady.problems, *_problems(findings, steady)]
    print("\n".join([*_table(options, findings, steady), *(f"problem: {problem}" for problem in problems)]))
    return FAILED if problems else 0


async def _measure(rig: Rig, seconds: int, tps: int) -> tuple[Findings, Steady]:
    findings = Findings()
    group = ControlGroup.of(cast(LimitedConnector, rig.connector).first_pid())
    watching = asyncio.create_task(_watch(group, findings))
    try:
        return findings, await measure_steady(rig, seconds, tps)
    finally:
        watching.cancel()


async def _watch(group: ControlGroup, findings: Findings) -> None:
    while True:
        findings.add(group.read())
        await asyncio.sleep(LOOK_S)


def _problems(findings: Findings, steady: Steady) -> list[str]:
    assert findings.last is not None
    found = []
    if findings.last.out_of_memory:
        found.append(f"{findings.last.out_of_memory} processes were killed for the memory limit")
    if steady.p99_ms > LATE_MS:
        found.append(f"one message in a hundred took longer than {LATE_MS:g} ms to its submit_sm")
    return found


def _table(options: argparse.Namespace, findings: Findings, steady: Steady) -> list[str]:
    first, last = findings.first, findings.last
    assert first is not None
    assert last is not None
    periods, throttled = last.periods - first.periods, last.throttled_periods - first.throttled_periods
    throttled_s = last.throttled_s - first.throttled_s
    return [
        f"operators {options.operators}, {options.tps} messages/s for {options.seconds} s",
        f"limits: memory {options.memory}, cpus {options.cpus}",
        f"memory at most {findings.peak_bytes / MIB:.0f} MiB, out of memory {last.out_of_memory}",
        f"CPU {steady.own_cores:.2f} cores; held back in {throttled} of {periods} periods, {throttled_s:.1f} s",
        f"to submit_sm p50 {steady.p50_ms:.0f} ms, p99 {steady.p99_ms:.0f} ms",
    ]


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.sizing", description=__doc__)
    parser.add_argument("image", help="as `make image` has built it")
    parser.add_argument("--operators", type=int, default=10, help="that share the load (default: %(default)s)")
    parser.add_argument("--tps", type=int, default=100, help="messages a second, of all (default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=600, help="(default: %(default)s)")
    parser.add_argument("--memory", default="768m", help="limit (default: %(default)s)")
    parser.add_argument("--cpus", default="1", help="limit (default: %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
