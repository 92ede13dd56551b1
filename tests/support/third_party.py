"""The programs of others that `make interop` installs, and their command lines."""

import os
import shutil
from pathlib import Path

import pytest

from loadtest.peers import program
from loadtest.peers.program import Program, ProgramMissing

NODE_SMPP = Program(
    name="node_smpp",
    needs=("node", "npm"),
    install=(("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"),),
    run=lambda folder: ["node", folder / "smsc.js"],
)

CLOUDHOPPER = Program(
    name="cloudhopper",
    needs=("java", "javac", "mvn"),
    install=(
        ("mvn", "--batch-mode", "--quiet", "-Dmaven.repo.local=repository", "dependency:copy-dependencies"),
        ("javac", "-d", "classes", "-cp", "lib/*", "Smsc.java", "-sourcepath", "."),
    ),
    run=lambda folder: ["java", "-Xmx256m", "-cp", f"{folder / 'classes'}:{folder / 'lib'}/*", "Smsc"],
)

KANNEL = program.KANNEL


def folder_of(wanted: Program) -> Path:
    """Where it is installed; skips the test on a machine that lacks what it needs."""
    try:
        return wanted.installed()
    except ProgramMissing as missing:
        pytest.skip(str(missing))


def command_of(wanted: Program) -> list[str]:
    """The command line, with the path of what is started."""
    assert wanted.run is not None, f"{wanted.name} has more than one process"
    first, *arguments = map(str, wanted.run(folder_of(wanted)))
    return [shutil.which(first) or first, *arguments]


def search_path() -> dict[str, str]:
    """Where this machine has them, for the environment of a process."""
    return {"PATH": os.environ.get("PATH", os.defpath)}
