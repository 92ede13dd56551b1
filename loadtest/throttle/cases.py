"""What is measured: so many replicas, and messages that come in some way."""

from dataclasses import dataclass
from enum import Enum

SEGMENT_CHARACTERS = 153  # GSM 7-bit, of a part (3GPP TS 23.040, 9.2.3.24.1)


class Load(Enum):
    """How messages come; there is always more to do than the limit lets through, but between bursts."""

    BACKLOG = "backlog"
    """All of them are there from the beginning."""

    BURSTS = "bursts"
    """A third more than one second takes, every two seconds."""

    UNEQUAL = "unequal"
    """A backlog, and after half of it one replica has all of the work, because the others stand still."""

    WITHOUT_REDIS = "without redis"
    """A backlog, and Redis is killed in the middle and started again later."""


@dataclass(frozen=True, slots=True)
class Case:
    """limit: submit_sm a second. segments: of each message."""

    name: str
    replicas: int
    limit: int
    load: Load = Load.BACKLOG
    segments: int = 1

    def text(self, number: int) -> str:
        """Of a message, beginning with its marker."""
        marked = f"#{number} "
        if self.segments == 1:
            return marked + "is your code"
        return marked.ljust(SEGMENT_CHARACTERS * self.segments - 10, "x")


CASES = (
    Case("two replicas", 2, 100),
    Case("four replicas", 4, 100),
    Case("bursts over two", 2, 100, Load.BURSTS),
    Case("segments over two", 2, 100, segments=3),
    Case("unequal over four", 4, 100, Load.UNEQUAL),
    Case("high over four", 4, 500),
    Case("low over two", 2, 5),
    Case("without Redis over two", 2, 100, Load.WITHOUT_REDIS),
)
