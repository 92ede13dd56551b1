"""With which commands a session binds."""

import pytest

from config.operators import ConfiguredBindMode
from core.bind_modes import PAIR, REFUSAL_KEPT_S, TRANSCEIVER, BindModes
from smpp.constants import CommandStatus

AUTO, ONE, TWO = ConfiguredBindMode.AUTO, ConfiguredBindMode.TRANSCEIVER, ConfiguredBindMode.TRANSMITTER_RECEIVER
UNKNOWN = CommandStatus.ESME_RINVCMDID
NOW = 1000.0


def refused() -> BindModes:
    """The SMSC did not know bind_transceiver."""
    modes = BindModes(AUTO)
    assert modes.refused(TRANSCEIVER, UNKNOWN, NOW)
    return modes


@pytest.mark.parametrize(("configured", "modes"), [(AUTO, TRANSCEIVER), (ONE, TRANSCEIVER), (TWO, PAIR)])
def test_the_first_bind_is_as_configured(configured, modes):
    assert BindModes(configured).next(NOW) == modes


def test_where_a_transceiver_is_not_known_a_pair_is_bound_for_a_day():
    modes = refused()
    moments = (NOW, NOW + REFUSAL_KEPT_S - 1, NOW + REFUSAL_KEPT_S)
    assert [modes.next(moment) for moment in moments] == [PAIR, PAIR, TRANSCEIVER]


def test_what_another_session_was_told_holds_as_long():
    modes = BindModes(AUTO, refused_at=NOW)
    moments = (NOW, NOW + REFUSAL_KEPT_S - 1, NOW + REFUSAL_KEPT_S)
    assert [modes.next(moment) for moment in moments] == [PAIR, PAIR, TRANSCEIVER]


@pytest.mark.parametrize("status", [status for status in CommandStatus if status is not UNKNOWN])
def test_no_other_refusal_of_a_transceiver_leads_to_a_pair(status):
    modes = BindModes(AUTO)
    assert not modes.refused(TRANSCEIVER, status, NOW)
    assert modes.next(NOW) == TRANSCEIVER


def test_a_transceiver_that_is_asked_for_stays_one():
    modes = BindModes(ONE)
    assert not modes.refused(TRANSCEIVER, UNKNOWN, NOW)
    assert modes.next(NOW) == TRANSCEIVER


def test_a_pair_that_is_not_known_either_is_not_tried_again_at_once():
    assert not refused().refused(PAIR, UNKNOWN, NOW)


def test_another_mode_in_the_settings_ends_the_memory_of_a_refusal():
    modes = refused()
    modes.configure(ONE)
    modes.configure(AUTO)
    assert modes.next(NOW) == TRANSCEIVER


def test_settings_that_leave_the_mode_alone_keep_it():
    modes = refused()
    modes.configure(AUTO)
    assert modes.next(NOW) == PAIR
