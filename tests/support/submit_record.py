"""The submit_sm that simulated SMSCs have accepted, read from the record that each of them keeps."""

import json
from pathlib import Path
from typing import Any

from lasting_load import DESTINATIONS
from reckoning import Sighting


class SubmitRecord:
    """One SMSC's record; each line is read once, when it is complete."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[Sighting]:
        """Those that have been written since the last call; the SMSC must have flushed its record."""
        with self._path.open("rb") as file:
            file.seek(self._offset)
            written, line_end, _begun = file.read().rpartition(b"\n")
        self._offset += len(written) + len(line_end)
        return [
            _sighting(line) for line in map(json.loads, written.splitlines()) if line["command_status"] == "ESME_ROK"
        ]


def _sighting(line: dict[str, Any]) -> Sighting:
    return Sighting(int(line["destination"].removeprefix(DESTINATIONS)), line["part"], line["at_ns"])
