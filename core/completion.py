"""When a message's dispatch may be acknowledged: all its segments are stored or concluded."""

MAX_OPEN = 100_000  # messages with some segments stored and some not; JetStream repeats what is forgotten here


class Completion:
    """Counts the stored segments of each message by the reply subject of its dispatch."""

    def __init__(self) -> None:
        self._open: dict[str, set[int]] = {}

    def stored(self, reply: str, segment: int, segments: int) -> bool:
        """True when this was the last missing segment: now acknowledge."""
        if segments == 1:
            return True
        done = self._open.setdefault(reply, set())
        done.add(segment)
        if len(done) < segments:
            self._bound()
            return False
        del self._open[reply]
        return True

    def forget(self, reply: str) -> None:
        self._open.pop(reply, None)

    def _bound(self) -> None:
        while len(self._open) > MAX_OPEN:
            del self._open[next(iter(self._open))]
