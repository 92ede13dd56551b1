"""`python -m loadtest.locusts`: Locust against --host, or else against a sandbox that it starts; see options.py.

Takes Locust's options, too. The last line is the verdict as JSON; exits 1 when it does not hold.
"""

import argparse
import asyncio
import subprocess
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from loadtest.bench.rig import NeverHappened, Plan, Rig, running_rig
from loadtest.bench.streams import all_bound, connected, enable_operators
from loadtest.exit_code import exit_code_of
from loadtest.locusts.options import add_options, operators_of, seconds_of
from sandbox.demo.interruption import Interruption

LOCUSTFILE = Path(__file__).with_name("locustfile.py")
RECEIPT_DELAY_S = 0.5  # of the sandbox's SMSC
SPARE = 2  # an operator's limit there, as a multiple of its share of the rate
WARM_UP_S = 3.0
START_AND_END_S = 120.0  # of Locust and its workers


def main(arguments: Sequence[str]) -> int:
    """The exit code: 0 when the verdict holds."""
    return exit_code_of(partial(_run, _parse(arguments), arguments))


def _run(options: argparse.Namespace, arguments: Sequence[str], interruption: Interruption) -> int:
    if options.host or options.worker:
        return _locust(options, arguments)
    with running_rig(_plan(options)) as rig:
        interruption.run(_bind(rig))
        return _locust(options, [*arguments, *_sandbox_options(rig)])


def _plan(options: argparse.Namespace) -> Plan:
    operators = operators_of(options)
    tps = options.operator_tps or SPARE * -(-options.rate // len(operators))
    return Plan(len(operators), tps, RECEIPT_DELAY_S, names=operators)


async def _bind(rig: Rig) -> None:
    """A replica that has just bound sends nothing until it knows of the others that share the limit."""
    async with connected(rig) as client:
        await enable_operators(rig, client)
        await all_bound(rig)
        await asyncio.sleep(WARM_UP_S)


def _sandbox_options(rig: Rig) -> list[str]:
    environment = rig.stack.environment
    return [
        *("--host", environment["NATS_URL"]),
        *("--nkey-seed-file", environment["NATS_NKEY_SEED_FILE"]),
        *("--smsc-report", rig.simulator.report_url),
        *("--operator-tps", str(rig.plan.tps)),
    ]


def _locust(options: argparse.Namespace, arguments: Sequence[str]) -> int:
    """In a process of its own, because it replaces what the standard library does when it is imported."""
    reports = Path(options.reports)
    command = [sys.executable, "-m", "locust", "-f", str(LOCUSTFILE), "--headless", "--only-summary"]
    written = ["--csv", str(reports / "load"), "--html", str(reports / "load.html")]
    timeout_s = seconds_of(options) + options.settle_s + START_AND_END_S
    try:
        return subprocess.run([*command, *written, *arguments], timeout=timeout_s, check=False).returncode
    except subprocess.TimeoutExpired:
        raise NeverHappened(f"Locust did not end within {timeout_s:g} s") from None


def _parse(arguments: Sequence[str]) -> argparse.Namespace:
    """What is not ours is Locust's, and whether that is right it says itself."""
    parser = argparse.ArgumentParser(prog="python -m loadtest.locusts", description=__doc__)
    parser.add_argument("-H", "--host", help="NATS URLs, comma separated; without it a sandbox is started")
    parser.add_argument("--worker", action="store_true", help="of a master that runs elsewhere; needs no --host")
    add_options(parser)
    return parser.parse_known_args(arguments)[0]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
