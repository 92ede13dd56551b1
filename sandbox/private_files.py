"""Files that only their owner may read."""

import os
from functools import partial
from pathlib import Path

private_opener = partial(os.open, mode=0o600)
"""For `open`: a file it creates is only for its owner."""


def write_private(path: Path, content: bytes) -> Path:
    """Write `content` to `path`, mode 0600 from its first byte, replacing a file there in one step; returns `path`."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    unfinished.unlink(missing_ok=True)  # one left behind could have another mode
    with open(unfinished, "xb", opener=private_opener) as file:
        file.write(content)
    return unfinished.replace(path)
