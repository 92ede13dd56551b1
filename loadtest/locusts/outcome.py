"""The end of a load: the verdict for people and for programs, and the exit code."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from urllib.request import urlopen

from locust.env import Environment
from locust.stats import RequestStats, calculate_response_time_percentile, save_stats_json

from loadtest.locusts.load import Load
from loadtest.locusts.options import limits_of, seconds_of
from loadtest.locusts.verdict import STEPS, Finding, SmscView, Step, complaints, judge, table

ANSWER_S = 10.0  # of the simulator
FAILED = 1  # exit code


class Outcome:
    """Judges when Locust is about to end, and speaks last."""

    def __init__(self, environment: Environment, load: Load) -> None:
        self._environment = environment
        self._load = load
        self._findings: list[Finding] = []
        environment.process_exit_code = FAILED  # until it is judged
        environment.events.quitting.add_listener(self._judge)
        environment.events.quit.add_listener(self._tell)

    def _judge(self, **_: Any) -> None:
        self._load.close()
        options = self._load.options
        steps = steps_of(self._environment.stats)
        self._findings = judge(limits_of(options), self._load.tally, steps, self._ask_the_smsc())
        self._environment.process_exit_code = FAILED if self._wrong() else 0

    def _tell(self, **_: Any) -> None:
        print("\n".join(["", "Verdict", *table(self._findings)]))
        for wrong in self._wrong():
            print(wrong, file=sys.stderr)
        verdict = json.dumps(self._verdict())
        reports = Path(self._load.options.reports)
        reports.mkdir(parents=True, exist_ok=True)
        save_stats_json(self._environment.stats, str(reports / "load_stats"))
        (reports / "verdict.json").write_text(f"{verdict}\n", encoding="utf-8")
        print(verdict, flush=True)

    def _ask_the_smsc(self) -> SmscView | None:
        url = self._load.options.smsc_report
        try:
            return smsc_view(url) if url else None
        except (OSError, ValueError, KeyError) as error:
            self._load.failures.append(f"the SMSC's report cannot be read: {type(error).__name__}")
            return None

    def _wrong(self) -> list[str]:
        return [*self._load.failures, *complaints(self._findings)]

    def _verdict(self) -> dict[str, object]:
        options, tally = self._load.options, self._load.tally
        return {
            "shape": options.shape,
            "rate": options.rate,
            "seconds": seconds_of(options),
            "holds": self._environment.process_exit_code == 0,
            "late_ms": round(tally.late_s * 1000, 1),
            "possibly_repeated": tally.repeated,
            **{finding.key: finding.value for finding in self._findings},
        }


def steps_of(stats: RequestStats) -> dict[str, Step]:
    """Those that there were, over all operators; above 100 ms two digits are right, as everywhere in Locust."""
    return {step: _step(entries) for step in STEPS if (entries := _entries(stats, step))}


def smsc_view(url: str) -> SmscView:
    """Of the simulator (see sandbox.smsc.ledger); OSError, ValueError, KeyError."""
    with urlopen(url, timeout=ANSWER_S) as answer:
        report = json.load(answer)
    peaks = [tally["highest_in_a_second"] for tally in report["system_ids"].values()]
    return SmscView(max(peaks, default=0), report["messages"]["distinct"], report["messages"]["duplicated"])


def _entries(stats: RequestStats, step: str) -> list[Any]:
    return [entry for (_, method), entry in stats.entries.items() if method == step]


def _step(entries: Sequence[Any]) -> Step:
    times: dict[int, int] = {}
    for entry in entries:
        for took_ms, count in entry.response_times.items():
            times[took_ms] = times.get(took_ms, 0) + count
    total = sum(times.values())
    p50_ms, p99_ms = (calculate_response_time_percentile(times, total, share) for share in (0.5, 0.99))
    return Step(p50_ms, p99_ms)
