"""The code as it was before the last migration of the schema was added, with today's migrations in its place."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

PROJECT = Path(__file__).parents[2]
MIGRATIONS = Path("adapters/postgres/migrations")
COMMAND_S = 60.0
TESTS_S = 300.0


class NoHistory(Exception):
    """There is no earlier code to be had. The message says why."""


def previous_code(into: Path) -> None:
    """Its whole tree, in this folder. Raises NoHistory."""
    migrations = sorted((PROJECT / MIGRATIONS).glob("*.sql"))
    if len(migrations) < 2:
        raise NoHistory("there is one migration only, so no code that knew less")
    newest = migrations[-1].relative_to(PROJECT)
    added = _git("log", "--diff-filter=A", "--format=%H", "-1", "--", str(newest)).decode().strip()
    if not added:
        raise NoHistory(f"{newest.name} is not committed yet")
    archive = _git("archive", f"{added}^")
    subprocess.run(["tar", "-x", "-C", into], input=archive, check=True, timeout=COMMAND_S)
    for migration in migrations:
        shutil.copy(migration, into / MIGRATIONS)


def run_tests_of(tree: Path, *tests: str) -> "subprocess.CompletedProcess[str]":
    """Tests of that tree, run with the code of that tree."""
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *tests]
    environment: Mapping[str, str] = {**os.environ, "PYTHONPATH": str(tree)}
    return subprocess.run(
        command, cwd=tree, env=environment, capture_output=True, text=True, timeout=TESTS_S, check=False
    )


def _git(*arguments: str) -> bytes:
    try:
        return subprocess.run(
            ["git", *arguments], cwd=PROJECT, capture_output=True, timeout=COMMAND_S, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise NoHistory(f"git {arguments[0]} failed here: {error}") from None
