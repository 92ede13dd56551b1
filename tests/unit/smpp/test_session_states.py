"""The session's state table against what SMPP 3.4 says in 2.2 and 2.3."""

import pytest

from smpp.constants import CommandId
from smpp.session import (
    BIND_STEPS,
    BOUND,
    ESME_MAY_RECEIVE,
    EVERY_STATE,
    MAY_SEND,
    SMSC_MAY_RECEIVE,
    TRANSITIONS,
    SessionState,
    Step,
    WrongState,
    next_state,
)

MODES = ["TX", "RX", "TRX"]
REQUESTS = {"TX": Step.BIND_TRANSMITTER, "RX": Step.BIND_RECEIVER, "TRX": Step.BIND_TRANSCEIVER}
ALIVE = [state for state in SessionState if state is not SessionState.CLOSED]


def state_after(*steps: Step) -> SessionState:
    state = SessionState.OPEN
    for step in steps:
        state = next_state(state, step)
    return state


def states_that_know(step: Step) -> set[SessionState]:
    return {state for state, known in TRANSITIONS if known is step}


def mode_states(phase: str, *modes: str) -> set[SessionState]:
    return {SessionState[f"{phase}_{mode}"] for mode in modes}


@pytest.mark.parametrize("mode", MODES)
def test_an_accepted_bind_leads_to_the_bound_state_of_its_mode(mode: str) -> None:
    assert state_after(REQUESTS[mode]) is SessionState[f"BINDING_{mode}"]
    assert state_after(REQUESTS[mode], Step.BIND_ACCEPTED) is SessionState[f"BOUND_{mode}"]


@pytest.mark.parametrize("mode", MODES)
def test_a_refused_bind_leaves_the_session_open_for_another(mode: str) -> None:
    assert state_after(REQUESTS[mode], Step.BIND_REFUSED) is SessionState.OPEN


@pytest.mark.parametrize("mode", MODES)
def test_a_bind_without_answer_ends_the_session(mode: str) -> None:
    assert state_after(REQUESTS[mode], Step.BIND_TIMED_OUT) is SessionState.UNBOUND


@pytest.mark.parametrize("mode", MODES)
def test_unbinding_remembers_the_mode_until_it_is_settled(mode: str) -> None:
    unbinding = (REQUESTS[mode], Step.BIND_ACCEPTED, Step.UNBIND)
    assert state_after(*unbinding) is SessionState[f"UNBINDING_{mode}"]
    assert state_after(*unbinding, Step.UNBIND_SETTLED) is SessionState.UNBOUND


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", [Step.PEER_UNBIND, Step.LINK_SILENT])
def test_a_peer_that_leaves_or_falls_silent_unbinds_a_bound_session(mode: str, step: Step) -> None:
    assert next_state(SessionState[f"BOUND_{mode}"], step) is SessionState.UNBOUND


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("step", [Step.PEER_UNBIND, Step.LINK_SILENT])
def test_only_its_own_answer_or_deadline_ends_an_unbind(mode: str, step: Step) -> None:
    unbinding = SessionState[f"UNBINDING_{mode}"]
    assert next_state(unbinding, step) is unbinding


@pytest.mark.parametrize("state", ALIVE)
def test_a_broken_stream_closes_every_session(state: SessionState) -> None:
    assert next_state(state, Step.STREAM_BROKEN) is SessionState.CLOSED


def test_nothing_leads_out_of_closed() -> None:
    assert [step for state, step in TRANSITIONS if state is SessionState.CLOSED] == []


def test_the_peer_may_unbind_in_every_state_that_still_reads() -> None:
    assert states_that_know(Step.PEER_UNBIND) == set(ALIVE)


@pytest.mark.parametrize("step", BIND_STEPS.values())
def test_only_an_open_session_may_bind(step: Step) -> None:
    assert states_that_know(step) == {SessionState.OPEN}


def test_only_a_bound_session_may_unbind() -> None:
    assert states_that_know(Step.UNBIND) == set(BOUND)


def test_a_missing_pair_is_an_error_that_names_both() -> None:
    with pytest.raises(WrongState, match=r"^unbind sent in state open$"):
        next_state(SessionState.OPEN, Step.UNBIND)


def test_every_bind_command_has_its_step() -> None:
    assert BIND_STEPS == {
        CommandId.BIND_TRANSMITTER: Step.BIND_TRANSMITTER,
        CommandId.BIND_RECEIVER: Step.BIND_RECEIVER,
        CommandId.BIND_TRANSCEIVER: Step.BIND_TRANSCEIVER,
    }


def test_requests_are_sent_only_in_the_states_of_table_2_1() -> None:
    assert {command_id: set(states) for command_id, states in MAY_SEND.items()} == {
        CommandId.SUBMIT_SM: mode_states("BOUND", "TX", "TRX"),
        CommandId.DELIVER_SM: mode_states("BOUND", "RX", "TRX"),
        CommandId.ENQUIRE_LINK: mode_states("BOUND", *MODES),
    }


@pytest.mark.parametrize("command_id", [CommandId.DELIVER_SM, CommandId.DATA_SM, CommandId.ALERT_NOTIFICATION])
def test_an_esme_takes_deliveries_as_a_receiver_until_it_is_unbound(command_id: CommandId) -> None:
    receiving = mode_states("BOUND", "RX", "TRX") | mode_states("UNBINDING", "RX", "TRX")
    assert set(ESME_MAY_RECEIVE[command_id]) == receiving


@pytest.mark.parametrize(
    "command_id",
    [
        CommandId.SUBMIT_SM,
        CommandId.SUBMIT_MULTI,
        CommandId.DATA_SM,
        CommandId.QUERY_SM,
        CommandId.CANCEL_SM,
        CommandId.REPLACE_SM,
    ],
)
def test_an_smsc_takes_submits_from_a_transmitter_until_it_is_unbound(command_id: CommandId) -> None:
    transmitting = mode_states("BOUND", "TX", "TRX") | mode_states("UNBINDING", "TX", "TRX")
    assert set(SMSC_MAY_RECEIVE[command_id]) == transmitting


@pytest.mark.parametrize("command_id", BIND_STEPS)
def test_an_smsc_takes_a_bind_only_while_open(command_id: CommandId) -> None:
    assert SMSC_MAY_RECEIVE[command_id] == (SessionState.OPEN,)


@pytest.mark.parametrize("command_id", [CommandId.ENQUIRE_LINK, CommandId.UNBIND])
def test_both_ends_take_enquire_link_and_unbind_in_every_state(command_id: CommandId) -> None:
    assert ESME_MAY_RECEIVE[command_id] == SMSC_MAY_RECEIVE[command_id] == EVERY_STATE
