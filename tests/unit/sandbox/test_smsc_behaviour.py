"""What the simulator decides about binds, submits and receipts, and how it numbers and times them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sandbox.smsc.behaviour import Behaviour, PlannedReceipt
from sandbox.smsc.character import Character, changed
from sandbox.smsc.message_ids import MessageIds
from sandbox.smsc.schedule import SLOTS_PER_S, Schedule
from smpp.bind import BindMode
from smpp.constants import (
    ESM_CLASS_INTERMEDIATE,
    ESM_CLASS_RECEIPT,
    REGISTERED_DELIVERY_FINAL,
    REGISTERED_DELIVERY_INTERMEDIATE,
    REGISTERED_DELIVERY_NONE,
    REGISTERED_DELIVERY_ON_FAILURE,
    CommandStatus,
)
from smpp.events import BindRequested


def behaving(**traits: object) -> Behaviour:
    return Behaviour(changed(Character(), traits))


def bind(system_id: str = "esme", password: str = "secret", mode: BindMode = BindMode.TRANSCEIVER) -> BindRequested:
    return BindRequested(1, mode, system_id, password, "", 0x34, 0, 0, "")


def verdicts(behaviour: Behaviour, times: list[float], system_id: str = "esme") -> list[int]:
    return [behaviour.submit_status(system_id, "491511", now) for now in times]


class TestBinds:
    def test_anyone_may_bind_at_first(self) -> None:
        assert behaving().bind_status(bind(), binds_now=100) == CommandStatus.ESME_ROK

    @pytest.mark.parametrize(
        ("request_", "expected"),
        [
            (bind("esme", "secret"), CommandStatus.ESME_ROK),
            (bind("other", "word"), CommandStatus.ESME_ROK),
            (bind("esme", "word"), CommandStatus.ESME_RINVPASWD),
            (bind("nobody", "secret"), CommandStatus.ESME_RINVSYSID),
        ],
    )
    def test_logins_let_in_only_who_knows_one(self, request_: BindRequested, expected: CommandStatus) -> None:
        assert behaving(logins="esme:secret,other:word").bind_status(request_, binds_now=0) == expected

    @pytest.mark.parametrize(
        ("mode", "expected"),
        [
            (BindMode.TRANSCEIVER, CommandStatus.ESME_RINVCMDID),
            (BindMode.TRANSMITTER, CommandStatus.ESME_ROK),
            (BindMode.RECEIVER, CommandStatus.ESME_ROK),
        ],
    )
    def test_a_refused_mode_is_an_unknown_command(self, mode: BindMode, expected: CommandStatus) -> None:
        assert behaving(refused_modes="transceiver").bind_status(bind(mode=mode), binds_now=0) == expected

    def test_a_bind_over_the_limit_is_already_bound(self) -> None:
        behaviour = behaving(max_binds=2)
        assert behaviour.bind_status(bind(), binds_now=1) == CommandStatus.ESME_ROK
        assert behaviour.bind_status(bind(), binds_now=2) == CommandStatus.ESME_RALYBND

    def test_the_status_over_the_limit_can_be_another(self) -> None:
        behaviour = behaving(max_binds=1, max_binds_status="ESME_RBINDFAIL")
        assert behaviour.bind_status(bind(), binds_now=1) == CommandStatus.ESME_RBINDFAIL

    def test_every_bind_can_get_a_vendor_status(self) -> None:
        assert behaving(bind_status="0x400").bind_status(bind(), binds_now=0) == 0x400


class TestSubmits:
    def test_the_tps_limit_holds_in_any_second(self) -> None:
        ok, throttled = CommandStatus.ESME_ROK, CommandStatus.ESME_RTHROTTLED
        expected = [ok, ok, throttled, throttled, ok, throttled]
        assert verdicts(behaving(tps_limit=2), [0.0, 0.5, 0.6, 0.999, 1.0, 1.4]) == expected

    def test_a_throttled_submit_does_not_count_for_the_limit(self) -> None:
        behaviour = behaving(tps_limit=1)
        verdicts(behaviour, [0.0, 0.9])
        assert verdicts(behaviour, [1.0]) == [CommandStatus.ESME_ROK]

    def test_the_tps_limit_is_each_system_ids_own(self) -> None:
        behaviour = behaving(tps_limit=1)
        verdicts(behaviour, [0.0], "esme")
        assert verdicts(behaviour, [0.0], "other") == [CommandStatus.ESME_ROK]

    def test_a_change_of_the_limit_keeps_what_was_counted(self) -> None:
        behaviour = behaving(tps_limit=3)
        verdicts(behaviour, [0.0, 0.1])
        behaviour.become(changed(behaviour.character, {"tps_limit": 2}))
        assert verdicts(behaviour, [0.2]) == [CommandStatus.ESME_RTHROTTLED]

    @pytest.mark.parametrize(
        ("destination", "expected"),
        [
            ("491511", CommandStatus.ESME_RINVDSTADR),
            ("491522", CommandStatus.ESME_RSYSERR),
            ("441511", CommandStatus.ESME_ROK),
        ],
    )
    def test_the_longest_prefix_of_the_destination_counts(self, destination: str, expected: CommandStatus) -> None:
        behaviour = behaving(prefix_statuses="49=ESME_RSYSERR,49151=ESME_RINVDSTADR")
        assert behaviour.submit_status("esme", destination, 0.0) == expected

    def test_errors_come_as_often_as_their_percentage_says(self) -> None:
        statuses = verdicts(behaving(error_percent=30, error_status="ESME_RMSGQFUL"), [0.0] * 1000)
        assert 250 < statuses.count(CommandStatus.ESME_RMSGQFUL) < 350
        assert set(statuses) == {CommandStatus.ESME_ROK, CommandStatus.ESME_RMSGQFUL}

    def test_the_same_seed_makes_the_same_choices(self) -> None:
        runs = [verdicts(behaving(error_percent=50, seed=seed), [0.0] * 50) for seed in (7, 7, 8)]
        assert runs[0] == runs[1]
        assert runs[0] != runs[2]

    def test_answers_stay_out_as_often_as_their_percentage_says(self) -> None:
        behaviour = behaving(no_answer_percent=20)
        assert 150 < sum(behaviour.leaves_unanswered() for _ in range(1000)) < 250

    def test_an_answer_waits_its_delay_and_at_most_its_spread_more(self) -> None:
        behaviour = behaving(answer_delay_s=1, answer_spread_s=0.5)
        delays = [behaviour.answer_delay_s() for _ in range(1000)]
        assert 1.0 <= min(delays) < 1.05
        assert 1.45 < max(delays) < 1.5


DELIVERED = PlannedReceipt(0.0, "DELIVRD", ESM_CLASS_RECEIPT)


class TestReceipts:
    @pytest.mark.parametrize(
        ("registered_delivery", "expected"),
        [
            (REGISTERED_DELIVERY_NONE, ()),
            (REGISTERED_DELIVERY_FINAL, (DELIVERED,)),
            (REGISTERED_DELIVERY_FINAL | REGISTERED_DELIVERY_INTERMEDIATE, (DELIVERED,)),
            (REGISTERED_DELIVERY_ON_FAILURE, ()),
            (0x03, ()),
        ],
    )
    def test_a_delivered_message_has_a_receipt_if_it_asked(
        self, registered_delivery: int, expected: tuple[PlannedReceipt, ...]
    ) -> None:
        assert behaving().receipts_for(registered_delivery) == expected

    def test_a_failed_message_has_a_receipt_if_it_asked_for_failures(self) -> None:
        behaviour = behaving(final_stats="UNDELIV=100")
        assert behaviour.receipts_for(REGISTERED_DELIVERY_ON_FAILURE) == (
            PlannedReceipt(0.0, "UNDELIV", ESM_CLASS_RECEIPT),
        )

    def test_none_means_none(self) -> None:
        assert behaving(receipts="none").receipts_for(REGISTERED_DELIVERY_FINAL) == ()

    def test_twice_means_twice(self) -> None:
        assert behaving(receipt_copies=2).receipts_for(REGISTERED_DELIVERY_FINAL) == (DELIVERED, DELIVERED)

    @pytest.mark.parametrize(
        ("kind", "esm_class"), [("receipt", ESM_CLASS_RECEIPT), ("notification", ESM_CLASS_INTERMEDIATE)]
    )
    def test_an_enroute_comes_half_way(self, kind: str, esm_class: int) -> None:
        assert behaving(intermediate=kind, receipt_delay_s=4).receipts_for(REGISTERED_DELIVERY_FINAL) == (
            PlannedReceipt(2.0, "ENROUTE", esm_class),
            PlannedReceipt(4.0, "DELIVRD", ESM_CLASS_RECEIPT),
        )

    def test_reversed_the_final_receipt_comes_before_the_enroute(self) -> None:
        behaviour = behaving(intermediate="receipt", receipt_delay_s=4, receipt_order="reversed")
        assert [planned.stat for planned in behaviour.receipts_for(REGISTERED_DELIVERY_FINAL)] == ["DELIVRD", "ENROUTE"]

    def test_stats_come_as_often_as_their_percentages_say(self) -> None:
        behaviour = behaving(final_stats={"DELIVRD": 70, "EXPIRED": 20, "FOOBAR": 10})
        stats = [behaviour.receipts_for(REGISTERED_DELIVERY_FINAL)[0].stat for _ in range(2000)]
        assert [round(stats.count(stat) / 200) for stat in ("DELIVRD", "EXPIRED", "FOOBAR")] == [7, 2, 1]

    def test_some_come_late(self) -> None:
        behaviour = behaving(receipt_delay_s=1, late_percent=25, late_s=60)
        delays = [behaviour.receipts_for(REGISTERED_DELIVERY_FINAL)[0].delay_s for _ in range(1000)]
        assert set(delays) == {1.0, 61.0}
        assert 200 < delays.count(61.0) < 300

    def test_delays_are_spread(self) -> None:
        behaviour = behaving(receipt_delay_s=1, receipt_spread_s=2)
        delays = [behaviour.receipts_for(REGISTERED_DELIVERY_FINAL)[0].delay_s for _ in range(1000)]
        assert 1.0 <= min(delays) < 1.1
        assert 2.9 < max(delays) < 3.0


class TestMessageIds:
    @pytest.mark.parametrize(
        ("traits", "expected"),
        [
            ({}, ("255", "255")),
            ({"id_notation": "hex"}, ("ff", "255")),
            ({"receipt_id_notation": "hex-upper"}, ("255", "FF")),
            ({"id_notation": "hex-upper", "receipt_id_notation": "hex", "id_digits": 8}, ("000000FF", "000000ff")),
            ({"id_prefix": "a{b", "id_digits": 4}, ("a{b0255", "a{b0255")),
        ],
    )
    def test_the_same_id_is_written_in_two_ways(self, traits: dict[str, object], expected: tuple[str, str]) -> None:
        assert MessageIds(changed(Character(id_start=255), traits)).take() == expected

    def test_ids_go_on_through_a_change_of_their_notation(self) -> None:
        ids = MessageIds(Character(id_start=15))
        ids.take()
        ids.become(changed(Character(id_start=15), {"id_notation": "hex"}))
        assert ids.take() == ("10", "16")

    def test_ids_start_again_where_a_change_says(self) -> None:
        ids = MessageIds(Character())
        ids.take()
        ids.become(Character(id_start=10**21))
        assert ids.take() == ("1000000000000000000000", "1000000000000000000000")


class TestSchedule:
    def test_what_is_due_comes_out_in_the_order_of_time_and_of_arrival(self) -> None:
        schedule: Schedule[str] = Schedule()
        for due, item in ((2.0, "late"), (1.0, "first"), (1.0, "second"), (0.5, "early")):
            schedule.add(due, item)
        assert schedule.take_due(1.0) == ["early", "first", "second"]
        assert schedule.next_due() == 2.0

    def test_an_empty_schedule_is_never_due(self) -> None:
        schedule: Schedule[str] = Schedule()
        assert schedule.take_due(100.0) == []
        assert schedule.next_due() is None

    @given(due=st.floats(0, 1e6))
    def test_nothing_is_early_and_nothing_more_than_a_slot_late(self, due: float) -> None:
        schedule: Schedule[str] = Schedule()
        schedule.add(due, "item")
        at = schedule.next_due()
        assert at is not None
        assert due <= at <= due + 1.001 / SLOTS_PER_S
        assert schedule.take_due(at) == ["item"]
