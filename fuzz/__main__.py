"""`make fuzz`: every target for its share of the time; exit code 1 when one of them has a finding."""

import argparse
import importlib.util
import re
import subprocess
import sys
from pathlib import Path

from fuzz.targets import TARGETS

FOLDER = Path(".fuzz")
CORPORA, FINDINGS = FOLDER / "corpora", FOLDER / "findings"  # corpora grow from run to run

MAX_INPUT_BYTES = 2048
INPUT_DEADLINE_S = 5  # for one input; a healthy one needs microseconds
MAX_MEMORY_MIB = 1024
STARTING_S = 120  # instrumenting the code and reading the corpus, on a busy machine
SHOWN_LINES = 40  # of a finding: the traceback, or what libFuzzer says of a time-out

NO_ATHERIS = "atheris is not installed; it has wheels for CPython 3.11 to 3.13 on Linux (extra: fuzz)"


def main() -> int:
    options = _arguments()
    if options.replay:
        return _replay(options.targets, options.replay)
    if importlib.util.find_spec("atheris") is None:
        print(NO_ATHERIS, file=sys.stderr)
        return 2
    share_s = max(1, round(options.seconds / len(options.targets)))
    found = [name for name in options.targets if not _fuzz(name, share_s)]
    if found:
        print(f"findings in {', '.join(found)}; inputs in {FINDINGS}; again: python -m fuzz --replay FILE TARGET")
    return 1 if found else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="fuzz", description=__doc__)
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=float, default=60, help="for all targets together (60)")
    parser.add_argument("--replay", type=Path, metavar="FILE", help="run the targets on this input alone")
    options = parser.parse_args()
    if unknown := [name for name in options.targets if name not in TARGETS]:
        parser.error(f"no such target: {', '.join(unknown)}")
    options.targets = options.targets or list(TARGETS)
    return options


def _replay(targets: list[str], file: Path) -> int:
    for name in targets:
        TARGETS[name].run(file.read_bytes())
    return 0


def _fuzz(name: str, seconds: int) -> bool:
    """Whether all was well; says so in one line, or shows the finding."""
    corpus = _corpus(name)
    FINDINGS.mkdir(parents=True, exist_ok=True)
    limits = [f"-max_total_time={seconds}", f"-max_len={MAX_INPUT_BYTES}", f"-timeout={INPUT_DEADLINE_S}"]
    output = [f"-rss_limit_mb={MAX_MEMORY_MIB}", f"-artifact_prefix={FINDINGS}/{name}-", "-print_final_stats=1"]
    command = [sys.executable, "-m", "fuzz.engine", name, *limits, *output, str(corpus)]
    ended = subprocess.run(
        command, capture_output=True, text=True, errors="replace", check=False, timeout=seconds + STARTING_S
    )
    inputs = re.search(r"number_of_executed_units: (\d+)", ended.stderr)
    print(f"{name:15} {int(inputs[1]) if inputs else 0:>12,} inputs  {'ok' if ended.returncode == 0 else 'FINDING'}")
    if ended.returncode:
        told = [line for line in (ended.stdout or ended.stderr).splitlines() if not line.startswith("INFO:")]
        print(*told[-SHOWN_LINES:], sep="\n")
    return ended.returncode == 0


def _corpus(name: str) -> Path:
    corpus = CORPORA / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].seeds()):
        (corpus / f"seed-{number:03}").write_bytes(seed)
    return corpus


if __name__ == "__main__":
    sys.exit(main())
