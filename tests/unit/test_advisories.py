"""`make audit` never takes "not checked" for "clean"."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = Path(__file__).parents[2] / ".ci" / "advisories.py"
SOUND = {"name": "sound", "version": "1.0", "vulns": []}
BROKEN = {"name": "broken", "version": "2.0", "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.1"]}]}
UNKNOWN = {"name": "unknown", "skip_reason": "not found on PyPI"}
NO_ANSWER = "audit: NOT CHECKED: pip-audit gave no answer; the advisories could not be reached"
ONE_UNKNOWN = "audit: NOT CHECKED: 1 of 2 distributions; not found on PyPI"
ONE_BROKEN = "audit: broken 2.0: PYSEC-1, fixed in 2.1"


def verdict(file: Path) -> tuple[int, str]:
    """Exit code, and all that is printed."""
    ended = subprocess.run([sys.executable, PROGRAM, file], capture_output=True, text=True, timeout=30, check=False)
    return ended.returncode, (ended.stdout + ended.stderr).strip()


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ([SOUND], (0, "audit: 1 distributions, no known advisory")),
        ([SOUND, BROKEN], (1, ONE_BROKEN)),
        ([SOUND, UNKNOWN], (2, ONE_UNKNOWN)),
        ([BROKEN, UNKNOWN], (1, f"{ONE_BROKEN}\n{ONE_UNKNOWN}")),
    ],
    ids=["clean", "vulnerable", "not all checked", "both"],
)
def test_the_verdict_is_that_of_every_distribution(tmp_path: Path, found: list[object], expected: tuple[int, str]):
    file = tmp_path / "advisories.json"
    file.write_text(json.dumps({"dependencies": found, "fixes": []}))
    assert verdict(file) == expected


@pytest.mark.parametrize("text", ["", "Traceback", "{}"])
def test_no_answer_of_pip_audit_is_not_clean(tmp_path: Path, text: str):
    file = tmp_path / "advisories.json"
    file.write_text(text)
    assert verdict(file) == (2, NO_ANSWER)


def test_no_distribution_at_all_is_not_clean(tmp_path: Path):
    file = tmp_path / "advisories.json"
    file.write_text('{"dependencies": []}')
    assert verdict(file)[0] == 2
