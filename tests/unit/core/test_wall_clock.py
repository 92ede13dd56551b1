"""Wall-clock times as our events write them."""

import pytest

from core.wall_clock import rfc3339


@pytest.mark.parametrize(
    ("epoch_s", "written"),
    [
        (0, "1970-01-01T00:00:00.000Z"),
        (1_700_000_000.1239, "2023-11-14T22:13:20.123Z"),
        (1_700_000_000.9999996, "2023-11-14T22:13:21.000Z"),
    ],
)
def test_times_are_rfc_3339_in_utc_with_milliseconds(epoch_s: float, written: str):
    assert rfc3339(epoch_s) == written
