"""Locust against a sandbox, in processes of its own, because it replaces what the standard library does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
ENDS_S = 110.0

RATE, SECONDS = 40, 3
NO_TIME_IS_TOO_LONG = ("--max-publish-p99-ms=60000", "--max-submit-p99-ms=60000", "--max-receipt-p99-ms=60000")


def load(reports: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "loadtest.locusts", "--reports", str(reports), *options]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, sys.path)])}
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=ENDS_S)


@pytest.mark.slow
def test_two_workers_see_every_message_to_its_end_and_the_verdict_holds(tmp_path: Path) -> None:
    rate = ("--rate", str(RATE), "--seconds", str(SECONDS), "--processes", "2", "--min-kept", "0.01")
    ended = load(tmp_path, *rate, *NO_TIME_IS_TOO_LONG)
    assert ended.returncode == 0, ended.stderr
    verdict = json.loads(ended.stdout.splitlines()[-1])
    assert verdict["published"] >= RATE * (SECONDS - 1)
    assert {key: verdict[key] for key in ("holds", "lost", "doubled", "refused", "smsc_missing", "smsc_doubled")} == {
        "holds": True,
        **dict.fromkeys(("lost", "doubled", "refused", "smsc_missing", "smsc_doubled"), 0),
    }
    assert json.loads((tmp_path / "verdict.json").read_text()) == verdict
    steps = json.loads((tmp_path / "load_stats.json").read_text())
    counted = {(step["method"], step["name"]): step["num_requests"] for step in steps}
    assert sorted(counted) == [(step, name) for step in ("publish", "receipt", "submit") for name in ("alpha", "beta")]
    assert sum(count for (step, _), count in counted.items() if step == "receipt") == verdict["published"]
    assert {"load.html", "load_stats.csv", "load_stats_history.csv"} <= {file.name for file in tmp_path.iterdir()}


def test_a_load_without_nats_says_so_and_fails(tmp_path: Path) -> None:
    ended = load(tmp_path, "--host", "nats://127.0.0.1:1")
    assert ended.returncode == 1
    assert "no NATS server lets us in: 127.0.0.1:1: " in ended.stderr
    assert json.loads(ended.stdout.splitlines()[-1])["holds"] is False
