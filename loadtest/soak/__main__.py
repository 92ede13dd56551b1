"""`python -m loadtest.soak`: exits 1 when something has grown, or a message did not get through once."""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial

from loadtest.bench.rig import running_rig
from loadtest.exit_code import FAILED, exit_code_of
from loadtest.soak.measurement import Soaked, soak, soak_plan
from sandbox.demo.interruption import Interruption


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when everything stayed flat and every message adds up."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    with running_rig(soak_plan(options.tps)) as rig:
        soaked = interruption.run(soak(rig, options.seconds, options.tps, options.cut_every_s))
    for trend in soaked.trends:
        print(f"  {trend.name:<20} first third {trend.first:>15,.0f}   last third {trend.last:>15,.0f}")
    for name, rise in soaked.growth.items():
        print(f"  memory of {name:<40} {rise:>+15,d}")
    for problem in soaked.problems:
        print(problem, file=sys.stderr)
    print(json.dumps(_figures(soaked, options)))
    return FAILED if soaked.problems else 0


def _figures(soaked: Soaked, options: argparse.Namespace) -> dict[str, object]:
    return {
        "seconds": options.seconds,
        "tps": options.tps,
        "messages": soaked.messages,
        "cuts": soaked.cuts,
        "binds": soaked.binds,
        "unknown": soaked.unknown,
        "repeated": soaked.repeated,
        **{trend.name: [round(trend.first), round(trend.last)] for trend in soaked.trends},
        "problems": len(soaked.problems),
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.soak", description=__doc__)
    parser.add_argument("--seconds", type=int, default=1800, help="of traffic (default: %(default)s)")
    parser.add_argument("--tps", type=int, default=500, help="over all operators (default: %(default)s)")
    parser.add_argument(
        "--cut-every-s", type=float, default=60.0, help="between two cuts of all links (default: %(default)s)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
