"""`python -m loadtest.sweep`: sweeps half of a large table while the service writes; exits 1 when that disturbs it."""

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from adapters.postgres.migrate import migrate
from loadtest.bench.figures import percentile
from loadtest.exit_code import FAILED, exit_code_of
from loadtest.sweep.measurement import Sweeps, Swept, measure_sweep
from loadtest.sweep.table import fill
from sandbox.account import unprivileged_account
from sandbox.demo.interruption import Interruption
from sandbox.postgres import PostgresServer
from sandbox.private_directory import PrivateDirectory

SAY_EVERY_S = 10.0


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when the writers were not disturbed and the right rows are gone."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    directory = PrivateDirectory()
    unprivileged_account().let_through(directory.path)
    try:
        with PostgresServer(directory.path / "postgres") as postgres:
            swept = _measure(postgres, directory.path, options, interruption)
    finally:
        directory.remove()
    for problem in swept.problems:
        print(problem, file=sys.stderr)
    print(json.dumps(_figures(swept)))
    return 0 if swept.holds else FAILED


def _measure(
    postgres: PostgresServer, directory: Path, options: argparse.Namespace, interruption: Interruption
) -> Swept:
    os.environ["PGPASSFILE"] = str(postgres.passfile)
    migrate(postgres.dsn)
    fill(postgres.dsn, options.rows, _Progress(options.rows))
    sweeps = Sweeps(directory, postgres.dsn, postgres.passfile)
    return interruption.run(measure_sweep(postgres.dsn, sweeps, options.rows, options.seconds, _say))


class _Progress:
    """Says how far the filling is, now and then."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._said_at = time.monotonic()

    def __call__(self, done: int) -> None:
        if time.monotonic() - self._said_at > SAY_EVERY_S:
            self._said_at = time.monotonic()
            _say(f"{done:,} of {self._rows:,} rows")


def _say(line: str) -> None:
    print(line, flush=True)


def _figures(swept: Swept) -> dict[str, object]:
    return {
        "rows": swept.rows,
        "swept": swept.swept,
        "sweep_s": round(swept.sweep_s, 1),
        "rows_per_s": round(swept.swept / swept.sweep_s),
        "p50_before_ms": round(percentile(swept.before_ms, 50), 2),
        "p50_during_ms": round(percentile(swept.during_ms, 50), 2),
        "p99_before_ms": round(percentile(swept.before_ms, 99), 2),
        "p99_during_ms": round(percentile(swept.during_ms, 99), 2),
        "times": round(swept.times, 2),
        "problems": len(swept.problems),
    }


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.sweep", description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000, help="half of them expired (default: %(default)s)")
    parser.add_argument("--seconds", type=float, default=20, help="of the writers alone (default: %(default)s)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
