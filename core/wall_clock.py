"""Wall-clock times as our events and dumps write them."""

from datetime import UTC, datetime


def rfc3339(epoch_s: float) -> str:
    """RFC 3339, UTC, milliseconds."""
    return datetime.fromtimestamp(epoch_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
