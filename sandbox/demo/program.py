"""The product's own program, run as its users run it."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

SCRIPT = "smpp-connector"


def program() -> Sequence[str | Path]:
    """The console script beside this interpreter; where it is not installed, the same from the sources."""
    script = Path(sys.executable).with_name(SCRIPT)
    return [script] if script.exists() else [sys.executable, "-m", "cli.main"]


def program_environment(temporary: Path) -> dict[str, str]:
    """What it needs beside its settings: our import path, however it came about, and where to leave temporary files."""
    return {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "TMPDIR": str(temporary)}
