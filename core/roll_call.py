"""Who hangs: a supervisor asks its children now and then, and ends those that do not answer."""

from collections.abc import Iterable

ASK_EVERY_S = 20.0
MOST_UNANSWERED = 2  # so a child that hangs is known after 40 to 60 s
STOOD_STILL = 1.5  # a caller that comes so many times later than it should was held up itself


class RollCall:
    """Counts what each child has left unanswered. A caller that stood still, as on a frozen machine, blames nobody."""

    def __init__(self) -> None:
        self._unanswered: dict[str, int] = {}
        self._called_at: float | None = None

    def answered(self, name: str) -> None:
        self._unanswered.pop(name, None)

    def call(self, names: Iterable[str], now: float) -> list[str]:
        """Those of `names` that hang. The others are to be asked now; `now` in monotonic seconds."""
        if self._called_at is not None and now - self._called_at > STOOD_STILL * ASK_EVERY_S:
            self._unanswered.clear()
        self._called_at = now
        counted = {name: self._unanswered.get(name, 0) for name in names}
        self._unanswered = {name: count + 1 for name, count in counted.items() if count < MOST_UNANSWERED}
        return [name for name, count in counted.items() if count >= MOST_UNANSWERED]
