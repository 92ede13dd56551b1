"""One verdict per message."""

import itertools

import pytest

from core.verdict import is_final, message_status
from messages.events import DeliveryStatus as Status

S = Status


@pytest.mark.parametrize(
    ("statuses", "verdict"),
    [
        ([S.DELIVERED], S.DELIVERED),
        ([S.DELIVERED, S.DELIVERED], S.DELIVERED),
        ([S.DELIVERED, S.ACCEPTED], S.ACCEPTED),
        ([S.DELIVERED, S.ENROUTE], S.ENROUTE),
        ([S.ACCEPTED, S.ENROUTE], S.ENROUTE),
        ([S.DELIVERED, S.UNKNOWN], S.UNKNOWN),
        ([S.UNKNOWN, S.SKIPPED], S.SKIPPED),
        ([S.SKIPPED, S.DELETED], S.DELETED),
        ([S.DELETED, S.EXPIRED], S.EXPIRED),
        ([S.EXPIRED, S.UNDELIVERABLE, S.DELIVERED], S.UNDELIVERABLE),
        ([S.UNDELIVERABLE, S.REJECTED, S.DELIVERED, S.ENROUTE], S.REJECTED),
    ],
)
def test_a_message_is_as_good_as_its_worst_segment_in_whatever_order(statuses: list[Status], verdict: Status):
    assert {message_status(mix) for mix in itertools.permutations(statuses)} == {verdict}


@pytest.mark.parametrize("status", Status)
def test_a_message_whose_segments_agree_has_their_status(status: Status):
    assert message_status([status] * 10) is status


@pytest.mark.parametrize("status", Status)
def test_a_segment_ends_with_every_status_but_the_two_on_the_way(status: Status):
    assert is_final(status) is (status not in (S.ENROUTE, S.ACCEPTED))
