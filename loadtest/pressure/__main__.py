"""`python -m loadtest.pressure`: presses, prints, and exits 1 when a queue, a session or a message did not hold."""

import argparse
import json
import sys
from collections.abc import Sequence
from functools import partial

from loadtest.bench.rig import running_rig
from loadtest.exit_code import FAILED, exit_code_of
from loadtest.pressure.cases import CASES, Kind
from loadtest.pressure.measurement import Pressed, press
from sandbox.demo.interruption import Interruption

MIB = 1024 * 1024


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when everything held."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    found = [_press(kind, options.seconds, interruption) for kind in options.only or Kind]
    print(json.dumps({pressed.kind.value: _figures(pressed) for pressed in found}))
    return FAILED if any(pressed.problems for pressed in found) else 0


def _press(kind: Kind, seconds: int, interruption: Interruption) -> Pressed:
    case = CASES[kind]
    with running_rig(case.plan) as rig:
        pressed = interruption.run(press(rig, case, seconds))
    print("\n".join([f"{kind}: {pressed.messages:,} messages", *_lines(pressed)]), end="\n\n", flush=True)
    return pressed


def _lines(pressed: Pressed) -> list[str]:
    rows = [*pressed.highest.items(), *_figures(pressed).items()]
    return [f"  {name:<50} {value!s:>12}" for name, value in rows] + [
        f"  DOES NOT HOLD: {one}" for one in pressed.problems
    ]


def _figures(pressed: Pressed) -> dict[str, object]:
    return {
        "messages": pressed.messages,
        "deliver_sm_per_s": round(pressed.deliveries_per_s),
        "deliver_sm_refused": pressed.refused_deliveries,
        "enquire_link_s": round(pressed.enquiry_s, 3),
        "memory_growth_mib": round(pressed.growth_bytes / MIB, 1),
        "fullest": {name: round(value) for name, value in pressed.highest.items()},
        "problems": len(pressed.problems),
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.pressure", description=__doc__)
    parser.add_argument("--seconds", type=int, default=30, help="of load under pressure (default: %(default)s)")
    parser.add_argument("--only", type=Kind, choices=list(Kind), nargs="+", help="some of the cases")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
