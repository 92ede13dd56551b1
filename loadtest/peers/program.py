"""Programs of others, installed into a folder of this tree, never into the machine."""

import hashlib
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
SOURCES = ROOT / "tests" / "interop"
INSTALLED = ROOT / ".interop"
INSTALL_S = 600.0

Command = Sequence[str | Path]


class ProgramMissing(Exception):
    """This machine lacks what the program needs, or cannot get it; the message says what."""


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
        """Its folder; ProgramMissing.

        The first call takes a while. A changed file of it makes a new folder.
        """
        if missing := [command for command in self.needs if shutil.which(command) is None]:
            raise ProgramMissing(f"{self.name} was left out: this machine has no {', no '.join(missing)}")
        folder = INSTALLED / f"{self.name}-{_digest(SOURCES / self.name)}"
        if not folder.exists():
            self._install(folder)
        return folder

    def _install(self, folder: Path) -> None:
        """In one step, so that what was interrupted is not taken for whole."""
        draft = folder.with_suffix(".draft")
        shutil.rmtree(draft, ignore_errors=True)
        shutil.copytree(SOURCES / self.name, draft)
        for command in self.install:
            done = subprocess.run(
                command, cwd=draft, capture_output=True, text=True, timeout=INSTALL_S, stdin=subprocess.DEVNULL
            )
            if done.returncode != 0:
                raise ProgramMissing(f"{self.name} could not be installed: {done.stdout}{done.stderr}")
        draft.rename(folder)


KANNEL = Program(name="kannel", needs=("apt-get", "dpkg-deb"), install=(("sh", "install.sh"),))
"""Debian's."""


def _digest(folder: Path) -> str:
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()[:12]
