"""A file system of a given size, which can be filled to the last block."""

import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

MOUNT_S = 10.0


class NoSmallDisk(Exception):
    """This process may not mount one. The message says why."""


class SmallDisk:
    """Mounted at `path`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._filler = path / "filler"

    def fill(self) -> None:
        """Until nothing more goes in."""
        with self._filler.open("wb", buffering=0) as file:
            try:
                while file.write(b"\0" * (1 << 16)):
                    pass
            except OSError:
                return

    def clear(self) -> None:
        """The end of `fill`."""
        self._filler.unlink()


@contextmanager
def small_disk(size_bytes: int) -> Iterator[SmallDisk]:
    """In memory, as long as the block runs; those who run servers for root may enter it. Raises NoSmallDisk."""
    path = Path(tempfile.mkdtemp(prefix="smpp-test-"))
    try:
        _run("mount", "-t", "tmpfs", "-o", f"size={size_bytes},mode=0711", "tmpfs", str(path))
        try:
            yield SmallDisk(path)
        finally:
            _run("umount", "--lazy", str(path))
    finally:
        path.rmdir()


@contextmanager
def small_disk_or_skip(size_bytes: int) -> Iterator[SmallDisk]:
    """For a fixture: who may not mount one skips its tests, and says why."""
    try:
        with small_disk(size_bytes) as mounted:
            yield mounted
    except NoSmallDisk as reason:
        pytest.skip(str(reason))


def _run(*command: str) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=MOUNT_S)
    except (OSError, subprocess.CalledProcessError) as error:
        reason = getattr(error, "stderr", "") or str(error)
        raise NoSmallDisk(f"{command[0]} is refused: {reason.strip()}") from None
