"""When the holder of a bind lease renews it, and when it unbinds because that has not worked."""

from dataclasses import replace

import pytest

from core.bind_lease import RETRY_S, HeldLease

LEASE = HeldLease(fencing_token=7, ttl_s=9, sent_at=100, unbind_s=2)


def test_a_renewal_is_due_after_a_third_of_the_ttl():
    assert [LEASE.renew_due(now) for now in (102.9, 103.0)] == [False, True]


def test_the_binds_end_in_time_for_the_unbind():
    assert [LEASE.must_unbind(now) for now in (106.9, 107.0)] == [False, True]
    assert LEASE.ends_at == 109


def test_the_links_are_closed_before_a_holder_that_stands_still_is_ended_and_that_before_another_can_bind():
    moments = [LEASE.must_unbind_at, LEASE.links_end_by, LEASE.killed_at, LEASE.ends_at]
    assert moments == [107, pytest.approx(108.6), pytest.approx(108.8), 109]


def test_nothing_is_renewed_once_the_binds_must_end():
    assert [LEASE.renew_due(now) for now in (106.9, 107.0, 109.0)] == [True, False, False]


def test_a_lease_counts_from_when_its_renewal_was_sent():
    assert LEASE.renewed(sent_at=103, give_up=False) == replace(LEASE, sent_at=103)


def test_answers_that_come_out_of_order_shorten_nothing():
    assert LEASE.renewed(104, give_up=False).renewed(103, give_up=False).sent_at == 104


def test_a_renewal_without_an_answer_is_tried_again_soon_and_lengthens_nothing():
    unanswered = LEASE.unanswered(now=103.5)
    assert unanswered.must_unbind_at == LEASE.must_unbind_at
    assert [unanswered.renew_due(103.5 + after_s) for after_s in (0, RETRY_S - 0.1, RETRY_S)] == [False, False, True]


def test_after_a_renewal_the_next_one_is_due_as_ever():
    assert LEASE.unanswered(now=103.5).renewed(104, give_up=False).renew_at == 107


def test_a_lost_lease_ends_the_binds_at_once():
    lost = LEASE.lost()
    assert lost.must_unbind(now=LEASE.sent_at)
    assert lost.ends_at < LEASE.sent_at
    assert not lost.renew_due(now=103)


def test_binds_that_are_called_back_stay_called_back():
    assert LEASE.renewed(103, give_up=True).renewed(106, give_up=False) == replace(LEASE, sent_at=106, give_up=True)


@pytest.mark.parametrize(
    ("lease", "look_at"),
    [
        (LEASE, 103),
        (LEASE.unanswered(now=104), 104 + RETRY_S),
        (LEASE.unanswered(now=106.9), 107),
        (LEASE.renewed(106, give_up=False), 109),
    ],
)
def test_its_holder_looks_at_it_when_there_is_something_to_do(lease, look_at):
    assert lease.look_at == look_at


def test_as_shipped_two_renewals_can_fail_before_the_binds_end():
    lease = HeldLease(fencing_token=1, ttl_s=10, sent_at=0)
    assert lease.must_unbind_at == 8
    assert lease.renew_at + 2 * (RETRY_S + 0.5) < lease.must_unbind_at  # 0.5 s: the deadline of a call
