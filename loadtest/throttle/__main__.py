"""`python -m loadtest.throttle`: a JSON line a case, by the SMSC; exits 1 where a limit does not hold, or not alike."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from loadtest.exit_code import FAILED, exit_code_of
from loadtest.throttle.cases import CASES
from loadtest.throttle.measuring import measure
from loadtest.throttle.rig import running_rig
from sandbox.demo.interruption import Interruption


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    found = []
    for case in CASES:
        if options.only and options.only not in case.name:
            continue
        with running_rig(case) as rig:
            found.append(interruption.run(measure(rig, options.seconds)))
        print(found[-1].as_json(), flush=True)
    return 0 if all(figures.holds for figures in found) else FAILED


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.throttle", description=__doc__)
    parser.add_argument("--seconds", type=float, default=15, help="of work in each case (default: %(default)s)")
    parser.add_argument("--only", help="cases whose name contains this")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
