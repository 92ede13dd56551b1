"""Programs of others, which `make interop` installs into a folder of this tree, never into the machine."""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "tests" / "interop"
INSTALLED = ROOT / ".interop"
INSTALL_S = 600.0

Command = Sequence[str | Path]


@dataclass(frozen=True)
class Program:
    """Made in a folder of its own from the files in tests/interop/NAME, by the commands of `install`.

    needs: what must be on the PATH. run: the command line of its only process, given that folder.
    """

    name: str
    needs: tuple[str, ...]
    install: tuple[Command, ...]
    run: Callable[[Path], Command] | None = None

    def installed(self) -> Path:
        """Its folder; skips the test on a machine that lacks what it needs.

        The first call takes a while. A changed file of it makes a new folder.
        """
        if missing := [command for command in self.needs if shutil.which(command) is None]:
            pytest.skip(f"{self.name} was left out: this machine has no {', no '.join(missing)}")
        folder = INSTALLED / f"{self.name}-{_digest(SOURCES / self.name)}"
        if not folder.exists():
            self._install(folder)
        return folder

    def command(self) -> list[str]:
        """The command line, with the path of what is started."""
        assert self.run is not None, f"{self.name} has more than one process"
        first, *arguments = map(str, self.run(self.installed()))
        return [shutil.which(first) or first, *arguments]

    def _install(self, folder: Path) -> None:
        """In one step, so that what was interrupted is not taken for whole."""
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(SOURCES / self.name, draft)
        for command in self.install:
            done = subprocess.run(
                command, cwd=draft, capture_output=True, text=True, timeout=INSTALL_S, stdin=subprocess.DEVNULL
            )
            assert done.returncode == 0, f"{self.name} could not be installed by {command}: {done.stdout}{done.stderr}"
        draft.rename(folder)


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

KANNEL = Program(
    name="kannel",
    needs=("apt-get", "dpkg-deb"),
    install=(("sh", "install.sh"),),
)


def search_path() -> dict[str, str]:
    """Where this machine has them, for the environment of a process."""
    return {"PATH": os.environ.get("PATH", os.defpath)}


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()[:12]
