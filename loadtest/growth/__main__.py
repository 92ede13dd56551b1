"""`python -m loadtest.growth`: measures each size and writes docs/performance; exits 1 when a message's cost grows.

Half an hour with ten million correlations; --only and --most for less.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path

from loadtest.exit_code import FAILED, exit_code_of
from loadtest.growth.charts import write_charts
from loadtest.growth.measuring import measure
from loadtest.growth.points import SIZES, Axis, Point, as_json, from_json, point_of, rises
from sandbox.demo.interruption import Interruption

FOLDER = Path(__file__).parents[2] / "docs" / "performance"
POINTS = "growth.jsonl"


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when the cost stays within FLAT."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    problems: list[str] = []
    measured: list[Point] = []
    for axis in [Axis(options.only)] if options.only else list(Axis):
        points = []
        for size in (size for size in SIZES[axis] if size <= options.most):
            found = measure(axis, size, options.messages, interruption)
            points.append(point_of(axis, size, found))
            print(_line(points[-1]), flush=True)
            problems += found.problems
        problems += rises(points)
        _keep(options.folder, axis, points)
        measured += points
    for problem in problems:
        print(problem, file=sys.stderr)
    print(json.dumps({"points": [asdict(point) for point in measured], "problems": len(problems)}))
    return FAILED if problems else 0


def _keep(folder: Path, axis: Axis, points: Sequence[Point]) -> None:
    """In place of the ones of this axis that were there before."""
    file = folder / POINTS
    before = from_json(file.read_text()) if file.exists() else []
    kept = [point for point in before if point.axis != axis.value]
    file.write_text(as_json([*kept, *points]))
    write_charts(folder, [*kept, *points])


def _line(point: Point) -> str:
    cost = f"{point.own_cpu_s:.3f} + {point.server_cpu_s:.3f} CPU s per 1,000"
    return f"  {point.size:>10,} {point.axis:<13} {point.messages_per_s:>7,.0f}/s  {cost}  {point.limited_by}"


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.growth", description=__doc__)
    parser.add_argument("--only", choices=[axis.value for axis in Axis], help="one of the three")
    parser.add_argument("--most", type=int, default=10_000_000, help="leave out larger sizes (default: %(default)s)")
    parser.add_argument("--messages", type=int, default=100_000, help="at each size (default: %(default)s)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="for the points and the charts (default: docs)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
