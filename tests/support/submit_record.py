"""The submit_sm that simulated SMSCs have accepted, read from the record that each of them keeps."""

import json
from pathlib import Path

from reckoning import Sighting

PREFIX = "49"  # of destination_of()


class SubmitRecord:
    """One SMSC's record; each line is read once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> list[Sighting]:
        """Those that have been written since the last call; the SMSC must have flushed its record."""
        with self._path.open(encoding="utf-8") as file:
            file.seek(self._offset)
            lines = file.readlines()
            self._offset = file.tell()
        return [_sighting(line) for line in map(json.loads, lines) if line["command_status"] == "ESME_ROK"]


def _sighting(line: dict[str, int | str]) -> Sighting:
    number = int(str(line["destination"]).removeprefix(PREFIX))
    return Sighting(number, int(line["part"]), int(line["at_ns"]))
