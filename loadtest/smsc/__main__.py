"""`python -m loadtest.smsc`: submit_sm a second of the simulated SMSC, with receipts; exits 1 below 30,000 on a core.

A core's worth is the simulator's own CPU time: on a busy machine less passes on the clock, and says nothing of it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from loadtest.bench.accounting import cpu_spent, cpu_times
from loadtest.bench.rig import NeverHappened
from loadtest.bench.simulator import Simulator
from loadtest.exit_code import FAILED, exit_code_of
from loadtest.smsc.flood import Flood, Link
from sandbox.demo.interruption import Interruption
from sandbox.process import LOOPBACK

LEAST_ON_A_CORE = 30_000
WITHIN_S = 300.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when it takes as many as it must, and every one got its answer and its receipt."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    with tempfile.TemporaryDirectory(prefix="smpp-smsc-") as folder, Simulator(Path(folder), {}) as simulator:
        before = cpu_times([simulator.child.pid])
        flood = interruption.run(_flood(simulator.port, options.messages, options.links))
        took_s = flood.took_s
        cpu_s = cpu_spent(before, cpu_times([simulator.child.pid])).total_s
        report = simulator.report()
    figures = {
        "messages": options.messages,
        "links": options.links,
        "receipts": report["receipts"]["answered"],
        "submit_sm_per_s": round(options.messages / took_s),
        "submit_sm_per_core_s": round(options.messages / cpu_s),
        "refused": flood.refused,
    }
    print(json.dumps(figures))
    is_whole = report["receipts"]["answered"] == report["submits"]["accepted"] == options.messages
    return 0 if is_whole and figures["submit_sm_per_core_s"] >= options.least else FAILED


async def _flood(port: int, messages: int, links: int) -> Flood:
    """Raises NeverHappened."""
    loop = asyncio.get_running_loop()
    flood = Flood(messages)
    transports = [(await loop.create_connection(lambda: Link(flood), LOOPBACK, port))[0] for _ in range(links)]
    try:
        async with asyncio.timeout(WITHIN_S):
            await flood.finished.wait()
    except TimeoutError:
        raise NeverHappened(f"{flood.unanswered} not answered within {WITHIN_S:g} s") from None
    finally:
        for transport in transports:
            transport.close()
    return flood


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.smsc", description="What the simulated SMSC takes.")
    parser.add_argument("--messages", type=int, default=300_000, help="(%(default)s)")
    parser.add_argument("--links", type=int, default=4, help="(%(default)s)")
    parser.add_argument("--least", type=int, default=LEAST_ON_A_CORE, help="submit_sm a second on a core (%(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
