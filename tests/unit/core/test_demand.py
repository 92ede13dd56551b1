"""How many messages an operator asks for."""

from core.demand import DemandCount

MOST_WAITING = 16 + 50  # at 100 TPS


def test_it_asks_for_what_the_windows_take_and_a_little_more():
    assert DemandCount(100).more(free_slots=10, waiting=0) == 26


def test_it_asks_for_no_more_than_half_a_second_of_traffic():
    assert DemandCount(100).more(free_slots=10_000, waiting=0) == MOST_WAITING


def test_what_waits_is_not_asked_for_again():
    assert DemandCount(100).more(free_slots=10, waiting=20) == 6


def test_it_does_not_ask_while_more_waits_than_can_be_used():
    demand = DemandCount(100)

    assert (demand.more(free_slots=0, waiting=500), demand.outstanding) == (0, 0)


def test_it_asks_again_when_half_has_come():
    demand = DemandCount(100)
    asked = [demand.more(100, 0)]
    demand.arrived(32)
    asked.append(demand.more(100, 0))
    demand.arrived(1)
    asked.append(demand.more(100, 0))

    assert asked == [MOST_WAITING, 0, 33]
    assert demand.outstanding == MOST_WAITING


def test_more_arrivals_than_were_asked_for_leave_no_debt():
    demand = DemandCount(100)
    demand.more(0, 10)
    demand.arrived(1000)

    assert demand.outstanding == 0


def test_withdrawn_demand_is_asked_for_anew():
    demand = DemandCount(100)
    demand.more(100, 0)
    demand.withdrawn()

    assert (demand.outstanding, demand.more(100, 0)) == (0, MOST_WAITING)


def test_a_higher_limit_lets_it_ask_for_more_than_is_under_way():
    demand = DemandCount(100)
    demand.more(free_slots=10_000, waiting=0)

    demand.configure(1000)

    assert demand.more(free_slots=10_000, waiting=0) == 16 + 500 - MOST_WAITING
    assert demand.outstanding == 16 + 500


def test_a_lower_limit_waits_for_what_was_asked_for_before():
    demand = DemandCount(100)
    demand.more(free_slots=10_000, waiting=0)
    demand.configure(10)
    asked = [demand.more(free_slots=10_000, waiting=0)]

    demand.arrived(MOST_WAITING)
    asked.append(demand.more(free_slots=10_000, waiting=0))

    assert (asked, demand.outstanding) == ([0, 16 + 5], 16 + 5)


def test_an_operator_of_one_message_in_ten_seconds_still_asks():
    assert DemandCount(0.1).more(free_slots=10, waiting=0) == 17
