"""Under pressure queues and memory stay bounded, sessions stay bound, enquire_links are answered, and nothing is lost.

The same for longer: `make pressure`. What holds is compared in loadtest/pressure/measurement.py.
"""

import asyncio

import pytest

from loadtest.bench.rig import running_rig
from loadtest.pressure.cases import CASES, Kind
from loadtest.pressure.measurement import press

pytestmark = pytest.mark.slow

SECONDS = 3


@pytest.mark.parametrize("kind", Kind)
def test_everything_stays_bounded_and_nothing_is_lost(kind: Kind) -> None:
    case = CASES[kind]
    with running_rig(case.plan) as rig:
        pressed = asyncio.run(press(rig, case, SECONDS))
    assert pressed.problems == []
