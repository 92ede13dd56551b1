"""The wall clock of both replicas is set by an hour, under load."""

from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from chaos_trial import Case, Hold, Trial, running_trial
from shifted_clock import NoShiftedClock, ShiftedClock, clear_away

from sandbox.stack import Stack

pytestmark = pytest.mark.timeout(240)

HOUR_S = 3600


@pytest.fixture(scope="module")
def clock(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ShiftedClock]:
    try:
        yield ShiftedClock(tmp_path_factory.mktemp("clock") / "offset")
    except NoShiftedClock as reason:
        pytest.skip(str(reason))
    finally:
        clear_away()


@pytest.fixture(scope="module")
def trial(loop: BackgroundLoop, clock: ShiftedClock) -> Iterator[Trial]:
    with Stack() as stack, running_trial(loop, stack, **clock.settings) as running:
        yield running


@pytest.mark.parametrize(("what", "seconds"), [("forward", HOUR_S), ("back", -HOUR_S)])
def test_the_clock_is_set(clock: ShiftedClock, hold: Hold, what: str, seconds: int):
    """Each from the true time, to which it returns afterwards."""
    hold(Case(f"clock set {what} by an hour", lambda: clock.set(seconds)))
    clock.set(0)
