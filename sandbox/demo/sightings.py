"""What reached an operator, from the simulator's record: the first submit_sm of each message, its parts, its text."""

import json
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

ACCEPTED = "ESME_ROK"


@dataclass(slots=True)
class Sighting:
    """One message at the SMSC. first_at: epoch seconds; texts: by part, one for each submit_sm that was accepted."""

    first_at: float
    parts: int
    texts: defaultdict[int, list[str]] = field(default_factory=lambda: defaultdict(list), repr=False)

    @property
    def segments(self) -> int:
        """submit_sm accepted."""
        return sum(len(texts) for texts in self.texts.values())

    @property
    def is_complete_once(self) -> bool:
        """Every part came, and came once."""
        return sorted(self.texts) == [*range(1, self.parts + 1)] and self.segments == self.parts

    def text(self) -> str:
        """Its parts put together."""
        return "".join(texts[0] for _, texts in sorted(self.texts.items()))


def read_record(file: Path) -> dict[str, Sighting]:
    """By destination address, without a plus."""
    with file.open(encoding="utf-8") as lines:
        return sightings(lines)


def sightings(lines: Iterable[str]) -> dict[str, Sighting]:
    """The same from the lines of a record (sandbox.smsc.record)."""
    seen: dict[str, Sighting] = {}
    for line in lines:
        submit = json.loads(line)
        if submit["command_status"] == ACCEPTED:
            destination = submit["destination"].lstrip("+")
            sighting = seen.setdefault(destination, Sighting(submit["at_ns"] / 1e9, submit["parts"]))
            sighting.texts[submit["part"]].append(submit.get("text", ""))
    return seen
