"""`python -m loadtest.scrape`: CPU of a scrape with 100 operators; exits 1 when one costs more than 50 ms."""

import argparse
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from adapters.telemetry import metrics
from adapters.telemetry.metric_files import MetricFiles
from loadtest.exit_code import FAILED, exit_code_of
from loadtest.scrape.processes import processes
from sandbox.demo.interruption import Interruption

LIMIT_S = 0.05
SCRAPES = 21


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code: 0 when the median scrape stays below the limit."""
    return exit_code_of(partial(_run, _parse(arguments)))


def _run(options: argparse.Namespace, _: Interruption) -> int:
    with tempfile.TemporaryDirectory(prefix="smpp-scrape-") as folder:
        figures = _measure(Path(folder) / "metrics", options)
    print(json.dumps(figures))
    return 0 if figures["scrape_cpu_ms"] < LIMIT_S * 1000 else FAILED


def _measure(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    metrics.prepare(folder)
    files = MetricFiles(folder)
    with processes(options.operators, options.sessions) as number:
        first = _cpu_s(files)
        costs = [_cpu_s(files) for _ in range(SCRAPES)]
        lines = files.exposition().count(b"\n")
    return {
        "operators": options.operators,
        "processes": number,
        "lines": lines,
        "first_scrape_cpu_ms": _ms(first),
        "scrape_cpu_ms": _ms(statistics.median(costs)),
        "all_dead_cpu_ms": _ms(_cpu_s(files)),
    }


def _cpu_s(files: MetricFiles) -> float:
    before = time.process_time()
    files.exposition()
    return time.process_time() - before


def _ms(seconds: float) -> float:
    return round(seconds * 1000, 1)


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.scrape", description="What a scrape costs.")
    parser.add_argument("--operators", type=int, default=100, help="(100)")
    parser.add_argument("--sessions", type=int, default=2, help="of each operator (2)")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
