"""Which endpoint carries the traffic, and which sessions are tried for it."""

from core.failover import FailoverPolicy, Move, SessionSlot

PRIMARY, BACKUP, THIRD = 0, 1, 2
FAILBACK_AFTER_S = 60.0
START = 1000.0


def policy(endpoints: int = 2, sessions: int = 1) -> FailoverPolicy:
    return FailoverPolicy(endpoints, sessions, FAILBACK_AFTER_S)


def on_backup(sessions: int = 1) -> FailoverPolicy:
    """The primary refused its first binds, so that the backup carries the traffic."""
    failover = policy(sessions=sessions)
    for index in range(sessions):
        failover.unbound(PRIMARY, index)
    for index in range(sessions):
        failover.bound(BACKUP, index, START)
    return failover


def on_third() -> FailoverPolicy:
    failover = policy(endpoints=3)
    failover.unbound(PRIMARY, 0)
    failover.unbound(BACKUP, 0)
    failover.bound(THIRD, 0, START)
    return failover


def return_to(failover: FailoverPolicy, now: float) -> Move | None:
    """The probe whose time has come is asked, and answers."""
    probe = failover.probe_to_ask(now)
    return failover.answered(probe.endpoint, probe.index, now) if probe else None


def slots(*places: tuple[int, int]) -> frozenset[SessionSlot]:
    return frozenset(SessionSlot(endpoint, index) for endpoint, index in places)


# At first.


def test_at_first_all_sessions_of_the_primary_are_wanted_and_nothing_is_active():
    failover = policy(sessions=2)
    assert failover.wanted() == slots((PRIMARY, 0), (PRIMARY, 1))
    assert failover.active is None
    assert failover.next_deadline() is None


def test_the_first_bound_session_makes_its_endpoint_active():
    failover = policy(sessions=2)
    assert failover.bound(PRIMARY, 1, START) == Move(None, PRIMARY)
    assert failover.active == PRIMARY


def test_a_further_bound_session_moves_nothing():
    failover = policy(sessions=2)
    failover.bound(PRIMARY, 1, START)
    assert failover.bound(PRIMARY, 0, START) is None


# Down the list.


def test_when_the_primary_is_lost_the_backup_is_bound_at_once_and_the_primary_probed_by_one_session():
    failover = policy(sessions=2)
    failover.bound(PRIMARY, 0, START)
    failover.bound(PRIMARY, 1, START)
    failover.unbound(PRIMARY, 0)
    assert failover.unbound(PRIMARY, 1) == Move(PRIMARY, None)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0), (BACKUP, 1))


def test_traffic_is_on_the_backup_as_soon_as_one_of_its_sessions_is_bound():
    failover = policy(sessions=2)
    failover.bound(PRIMARY, 0, START)
    failover.unbound(PRIMARY, 0)
    assert failover.bound(BACKUP, 1, START) == Move(None, BACKUP)
    assert failover.active == BACKUP


def test_losing_some_sessions_of_the_primary_changes_nothing():
    failover = policy(sessions=2)
    failover.bound(PRIMARY, 0, START)
    failover.bound(PRIMARY, 1, START)
    assert failover.unbound(PRIMARY, 0) is None
    assert failover.active == PRIMARY
    assert failover.wanted() == slots((PRIMARY, 0), (PRIMARY, 1))


def test_a_first_refused_bind_waits_for_the_answers_to_the_others():
    failover = policy(sessions=2)
    failover.unbound(PRIMARY, 0)
    assert failover.wanted() == slots((PRIMARY, 0), (PRIMARY, 1))


def test_when_every_first_bind_is_refused_the_backup_is_bound():
    failover = policy(sessions=2)
    failover.unbound(PRIMARY, 0)
    failover.unbound(PRIMARY, 1)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0), (BACKUP, 1))


def test_one_session_refused_twice_is_enough_while_another_still_waits_for_its_lease():
    failover = policy(sessions=2)
    failover.unbound(PRIMARY, 0)
    failover.unbound(PRIMARY, 0)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0), (BACKUP, 1))


def test_when_the_backup_refuses_too_the_one_after_it_is_bound():
    failover = policy(endpoints=3, sessions=2)
    for endpoint in (PRIMARY, BACKUP):
        failover.unbound(endpoint, 0)
        failover.unbound(endpoint, 1)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0), (THIRD, 0), (THIRD, 1))


def test_failures_of_the_probe_do_not_count_against_the_backup():
    failover = policy(endpoints=3)
    failover.unbound(PRIMARY, 0)
    failover.unbound(PRIMARY, 0)
    failover.unbound(PRIMARY, 0)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))


def test_when_all_endpoints_fail_all_keep_trying():
    failover = policy(endpoints=2, sessions=2)
    for endpoint in (PRIMARY, BACKUP, BACKUP):
        failover.unbound(endpoint, 0)
        failover.unbound(endpoint, 1)
    assert failover.active is None
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0), (BACKUP, 1))


def test_when_all_have_failed_whichever_binds_first_carries_the_traffic():
    failover = policy(endpoints=3)
    for endpoint in (PRIMARY, BACKUP, THIRD):
        failover.unbound(endpoint, 0)
    assert failover.bound(BACKUP, 0, START) == Move(None, BACKUP)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))


def test_a_primary_back_before_the_backup_is_bound_carries_the_traffic_with_all_its_sessions():
    failover = policy(sessions=2)
    failover.bound(PRIMARY, 0, START)
    failover.unbound(PRIMARY, 0)
    assert failover.bound(PRIMARY, 0, START) == Move(None, PRIMARY)
    assert failover.wanted() == slots((PRIMARY, 0), (PRIMARY, 1))


# Up again.


def test_a_probe_just_bound_moves_nothing():
    failover = on_backup()
    assert failover.bound(PRIMARY, 0, START) is None
    assert failover.probe_to_ask(START + FAILBACK_AFTER_S - 0.1) is None
    assert failover.active == BACKUP
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))


def test_traffic_returns_to_the_primary_when_its_probe_answers_after_failback_after_s():
    failover = on_backup(sessions=2)
    failover.bound(PRIMARY, 0, START)
    assert failover.next_deadline() == START + FAILBACK_AFTER_S
    assert failover.probe_to_ask(START + FAILBACK_AFTER_S) == SessionSlot(PRIMARY, 0)
    assert failover.answered(PRIMARY, 0, START + FAILBACK_AFTER_S) == Move(BACKUP, PRIMARY)
    assert failover.active == PRIMARY
    assert failover.wanted() == slots((PRIMARY, 0), (PRIMARY, 1))
    assert failover.next_deadline() is None


def test_a_probe_bound_anew_begins_its_time_anew():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    failover.bound(PRIMARY, 0, START + 30)
    assert failover.next_deadline() == START + 30 + FAILBACK_AFTER_S


def test_a_probe_that_does_not_answer_gets_no_traffic_however_long_it_is_bound():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    failover.probe_to_ask(START + FAILBACK_AFTER_S)
    assert failover.unbound(PRIMARY, 0) is None
    assert failover.active == BACKUP


def test_an_answer_before_its_time_moves_nothing():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    assert failover.answered(PRIMARY, 0, START + FAILBACK_AFTER_S - 0.1) is None


def test_an_answer_of_a_probe_that_has_been_lost_meanwhile_moves_nothing():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    failover.unbound(PRIMARY, 0)
    assert failover.answered(PRIMARY, 0, START + FAILBACK_AFTER_S) is None


def test_the_next_probe_is_asked_when_the_more_preferred_one_is_lost_by_its_silence():
    failover = on_third()
    failover.bound(PRIMARY, 0, START)
    failover.bound(BACKUP, 0, START)
    assert failover.probe_to_ask(START + FAILBACK_AFTER_S) == SessionSlot(PRIMARY, 0)
    failover.unbound(PRIMARY, 0)
    assert return_to(failover, START + FAILBACK_AFTER_S) == Move(THIRD, BACKUP)


def test_a_flapping_primary_never_takes_the_traffic_from_a_healthy_backup():
    failover = on_backup()
    moves = []
    for began in (START, START + 100, START + 200):
        moves.append(failover.bound(PRIMARY, 0, began))
        moves.append(return_to(failover, began + 59.9))
        moves.append(failover.unbound(PRIMARY, 0))
        moves.append(return_to(failover, began + FAILBACK_AFTER_S))
    assert moves == [None] * 12
    assert failover.active == BACKUP


def test_a_lost_backup_hands_its_traffic_to_a_bound_probe_at_once():
    failover = on_backup(sessions=2)
    failover.bound(PRIMARY, 0, START)
    failover.unbound(BACKUP, 0)
    assert failover.unbound(BACKUP, 1) == Move(BACKUP, PRIMARY)
    assert failover.wanted() == slots((PRIMARY, 0), (PRIMARY, 1))


def test_of_two_bound_probes_the_more_preferred_one_takes_over():
    failover = on_third()
    failover.bound(BACKUP, 0, START)
    failover.bound(PRIMARY, 0, START + 1)
    assert failover.unbound(THIRD, 0) == Move(THIRD, PRIMARY)


def test_a_return_to_an_endpoint_in_the_middle_ends_the_less_preferred_one_and_probes_on():
    failover = on_third()
    failover.bound(BACKUP, 0, START)
    assert return_to(failover, START + FAILBACK_AFTER_S) == Move(THIRD, BACKUP)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))


def test_after_a_return_the_traffic_stays_for_failback_after_s_though_a_better_probe_is_bound():
    failover = on_third()
    failover.bound(BACKUP, 0, START)
    failover.bound(PRIMARY, 0, START + 1)
    return_to(failover, START + 60)
    assert failover.next_deadline() == START + 120
    assert return_to(failover, START + 120) == Move(BACKUP, PRIMARY)


def test_a_late_look_asks_the_most_preferred_of_those_that_are_due():
    failover = on_third()
    failover.bound(BACKUP, 0, START)
    failover.bound(PRIMARY, 0, START + 1)
    assert return_to(failover, START + 100) == Move(THIRD, PRIMARY)


def test_only_a_return_to_the_first_choice_without_a_gap_is_a_failback():
    moves = [Move(BACKUP, PRIMARY), Move(THIRD, BACKUP), Move(None, PRIMARY), Move(PRIMARY, None)]
    assert [move.is_failback for move in moves] == [True, False, False, False]


# Sessions that are not wanted.


def test_a_session_that_is_not_wanted_moves_nothing():
    failover = policy()
    assert failover.bound(BACKUP, 0, START) is None
    assert failover.active is None


def test_what_drains_after_the_return_is_not_counted_when_its_endpoint_is_wanted_again():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    return_to(failover, START + FAILBACK_AFTER_S)
    assert failover.unbound(BACKUP, 0) is None
    assert failover.unbound(PRIMARY, 0) == Move(PRIMARY, None)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))


# One endpoint.


def test_a_single_endpoint_is_tried_for_ever():
    failover = policy(endpoints=1, sessions=2)
    failover.bound(PRIMARY, 0, START)
    assert failover.unbound(PRIMARY, 0) == Move(PRIMARY, None)
    assert failover.unbound(PRIMARY, 1) is None
    assert failover.wanted() == slots((PRIMARY, 0), (PRIMARY, 1))
    assert failover.bound(PRIMARY, 1, START) == Move(None, PRIMARY)


# New settings.


def test_more_sessions_are_wanted_without_touching_the_bound_one():
    failover = on_backup()
    assert failover.reconfigure(endpoints=2, sessions=3, failback_after_s=FAILBACK_AFTER_S) is None
    assert failover.active == BACKUP
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0), (BACKUP, 1), (BACKUP, 2))


def test_a_backup_added_while_the_only_endpoint_is_down_is_bound_at_once():
    failover = policy(endpoints=1)
    failover.unbound(PRIMARY, 0)
    failover.reconfigure(endpoints=2, sessions=1, failback_after_s=FAILBACK_AFTER_S)
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))


def test_a_removed_backup_hands_its_traffic_to_the_probe():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    assert failover.reconfigure(endpoints=1, sessions=1, failback_after_s=FAILBACK_AFTER_S) == Move(BACKUP, PRIMARY)
    assert failover.wanted() == slots((PRIMARY, 0))


def test_a_removed_backup_without_a_bound_probe_leaves_nothing_active():
    failover = on_backup()
    assert failover.reconfigure(endpoints=1, sessions=1, failback_after_s=FAILBACK_AFTER_S) == Move(BACKUP, None)


def test_a_probe_keeps_its_time_when_failback_after_s_changes():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    failover.reconfigure(endpoints=2, sessions=1, failback_after_s=10.0)
    assert failover.next_deadline() == START + 10.0


# Unbound without a fault of the endpoint.


def test_a_bind_given_up_for_a_reason_of_ours_leaves_the_operator_unbound_and_tries_no_other_endpoint():
    failover = policy()
    failover.bound(PRIMARY, 0, START)
    assert failover.released(PRIMARY, 0) == Move(PRIMARY, None)
    assert failover.wanted() == slots((PRIMARY, 0))


def test_an_attempt_that_never_got_to_the_endpoint_changes_nothing():
    failover = policy()
    for _ in range(3):
        assert failover.released(PRIMARY, 0) is None
    assert failover.wanted() == slots((PRIMARY, 0))


def test_where_binds_of_the_backup_are_given_up_a_probe_that_is_bound_takes_over():
    failover = on_backup()
    failover.bound(PRIMARY, 0, START)
    assert failover.released(BACKUP, 0) == Move(BACKUP, PRIMARY)


def test_of_several_sessions_one_that_we_give_up_moves_nothing():
    failover = policy(sessions=2)
    failover.bound(PRIMARY, 0, START)
    failover.bound(PRIMARY, 1, START)
    assert failover.released(PRIMARY, 0) is None
    assert failover.active == PRIMARY


def test_a_bind_that_we_gave_up_and_the_endpoint_then_refuses_calls_for_the_backup():
    failover = policy()
    failover.bound(PRIMARY, 0, START)
    failover.released(PRIMARY, 0)
    assert failover.unbound(PRIMARY, 0) is None
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))


def test_a_released_backup_that_had_failed_once_is_not_given_up_when_an_old_session_ends():
    failover = policy(endpoints=2)
    failover.unbound(PRIMARY, 0)
    failover.unbound(BACKUP, 0)
    failover.bound(BACKUP, 0, START)
    failover.reconfigure(3, 1, FAILBACK_AFTER_S)
    failover.released(BACKUP, 0)

    assert failover.bound(PRIMARY, 1, START) is None
    assert failover.wanted() == slots((PRIMARY, 0), (BACKUP, 0))
