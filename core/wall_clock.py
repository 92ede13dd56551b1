"""Wall-clock times as our events and dumps write them."""

from datetime import UTC, datetime
from functools import lru_cache


def rfc3339(epoch_s: float) -> str:
    """RFC 3339, UTC, milliseconds."""
    second, millisecond = divmod(round(epoch_s * 1e6) // 1000, 1000)
    return f"{_second(second)}.{millisecond:03}Z"


@lru_cache(maxsize=64)
def _second(epoch_s: int) -> str:
    """Two times of nearly every event are in the same few seconds; isoformat takes 2 us."""
    return datetime.fromtimestamp(epoch_s, UTC).strftime("%Y-%m-%dT%H:%M:%S")
