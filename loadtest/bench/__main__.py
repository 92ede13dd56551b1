"""`python -m loadtest.bench`: measures, prints, and exits 1 when the figures do not count."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial

from loadtest.bench.idle import idle_plan, measure_idle
from loadtest.bench.report import as_json, idle_table, saturation_table, steady_table
from loadtest.bench.rig import running_rig
from loadtest.bench.saturation import measure_saturation, saturation_plan
from loadtest.bench.steady import measure_steady, steady_plan
from loadtest.exit_code import FAILED, exit_code_of
from sandbox.demo.interruption import Interruption

SATURATION, STEADY, IDLE = "saturation", "steady", "idle"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when every measurement adds up."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    saturation = steady = idle = None
    wanted = [options.only] if options.only else [SATURATION, STEADY]
    if SATURATION in wanted:
        plan = saturation_plan(options.operators, options.receipt_delay_s, options.sampled_percent)
        with running_rig(plan) as rig:
            saturation = interruption.run(measure_saturation(rig, options.messages))
        _show(saturation_table(saturation, options.profile))
    if STEADY in wanted:
        with running_rig(steady_plan(options.operators, options.receipt_delay_s)) as rig:
            steady = interruption.run(measure_steady(rig, options.seconds))
        _show(steady_table(steady, options.profile))
    if IDLE in wanted:
        with running_rig(idle_plan(options.operators)) as rig:
            idle = interruption.run(measure_idle(rig, options.seconds))
        _show(idle_table(idle, options.profile))
    problems = [problem for found in (saturation, steady) if found for problem in found.problems]
    if problems:
        print("\n".join(["The figures do not count, because this does not add up:", *problems]), file=sys.stderr)
        return FAILED
    print(as_json(saturation, steady, idle))
    return 0


def _show(table: Sequence[str]) -> None:
    print("\n".join(table), end="\n\n", flush=True)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.bench", description=__doc__)
    parser.add_argument("--messages", type=_positive, default=40_000, help="for saturation (default: %(default)s)")
    parser.add_argument("--operators", type=_positive, default=1, help="that share the messages (default: %(default)s)")
    parser.add_argument("--seconds", type=_positive, default=20, help="of steady load, or idle (default: %(default)s)")
    parser.add_argument(
        "--receipt-delay-s", type=float, default=0.2, help="from submit_sm_resp to receipt (default: %(default)s)"
    )
    parser.add_argument(
        "--sampled-percent",
        type=int,
        choices=range(101),
        metavar="0..100",
        help="of the messages at saturation are traced (default: there is no collector)",
    )
    parser.add_argument("--only", choices=(SATURATION, STEADY, IDLE), help="one measurement, else the first two")
    parser.add_argument("--profile", action="store_true", help="show the CPU time of each process of the connector")
    return parser.parse_args(arguments)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text}")
    return int(text)


if __name__ == "__main__":
    sys.exit(main())
