"""What the simulator's report says about what it saw."""

import pytest

from sandbox.smsc.ledger import MAX_NAMED, DeliverTally, Ledger
from sandbox.smsc.sightings import Content, Sightings, content_of, marker_of
from sandbox.smsc.sliding import SlidingSecond
from smpp.constants import CommandStatus, DataCoding, Tag
from smpp.hot import ShortMessage
from smpp.segments import LongMessages, split_text
from smpp.text import Encoding, encode_text

LONG_TEXT = "#7 " + "long " * 50


def submit(text: str, destination: str = "491511") -> ShortMessage:
    return ShortMessage(source_addr="Sender", destination_addr=destination, short_message=text.encode())


def segments(text: str = LONG_TEXT, mode: LongMessages = LongMessages.UDH8, reference: int = 1) -> list[ShortMessage]:
    return [
        ShortMessage(
            source_addr="Sender",
            destination_addr="491511",
            esm_class=segment.esm_class_bits,
            short_message=segment.short_message,
            tlvs=segment.tlvs,
        )
        for segment in split_text(text, Encoding.GSM7, mode, reference)
    ]


def sightings(*messages: ShortMessage) -> Sightings:
    seen = Sightings()
    for message in messages:
        content = content_of(message)
        seen.add(message, content, marker_of(content))
    return seen


class TestSlidingSecond:
    def highest(self, *times: float) -> int:
        second = SlidingSecond()
        for now in times:
            second.add(now)
        return second.highest

    def test_a_second_may_lie_across_two_seconds_of_the_clock(self) -> None:
        assert self.highest(0.9, 0.95, 1.05, 1.8) == 4

    def test_two_things_a_whole_second_apart_are_not_in_one_second(self) -> None:
        assert self.highest(0.0, 1.0, 2.0) == 1

    def test_the_highest_count_stays_when_it_gets_quieter(self) -> None:
        assert self.highest(0.0, 0.1, 0.2, 5.0) == 3

    def test_what_is_over_does_not_count(self) -> None:
        second = SlidingSecond()
        second.add(0.0)
        second.add(0.5)
        assert [second.count(now) for now in (0.9, 1.0, 1.5)] == [2, 1, 0]


class TestMarkers:
    @pytest.mark.parametrize(
        ("octets", "expected"),
        [
            (b"#12 and text", 12),
            (b"#0", 0),
            (encode_text("#345 привет", Encoding.UCS2), 345),
            (b"text #12", None),
            (b"#", None),
            (b"# 12", None),
            (b"", None),
            (b"\0#", None),
            (b"#" + b"9" * 30, 10**18 - 1),
        ],
    )
    def test_a_marker_is_a_number_behind_a_hash_at_the_beginning(self, octets: bytes, expected: int | None) -> None:
        assert marker_of(Content(octets, None)) == expected

    def test_only_the_first_part_of_a_long_message_has_one(self) -> None:
        first, second = segments("#7 " + "#8" * 100)
        assert [marker_of(content_of(first)), marker_of(content_of(second))] == [7, None]

    def test_a_marker_is_found_in_message_payload(self) -> None:
        (payload,) = segments(mode=LongMessages.PAYLOAD)
        assert marker_of(content_of(payload)) == 7

    def test_repeated_and_missing_ones_are_named(self) -> None:
        ledger = Ledger()
        ledger.sightings = sightings(*[submit(f"#{number}") for number in (1, 2, 2, 5, 2)])
        assert ledger.report()["markers"] == {
            "distinct": 3,
            "lowest": 1,
            "highest": 5,
            "duplicated": 1,
            "duplicated_named": {"2": 3},
            "missing": 2,
            "missing_named": [3, 4],
        }

    def test_a_gap_without_bounds_is_counted_and_its_beginning_named(self) -> None:
        ledger = Ledger()
        ledger.sightings = sightings(submit("#1"), submit("#1000000000"))
        markers = ledger.report()["markers"]
        assert isinstance(markers, dict)
        assert (markers["missing"], markers["missing_named"]) == (10**9 - 2, list(range(2, MAX_NAMED + 2)))


class TestDuplicates:
    def test_the_same_content_to_the_same_number_is_a_duplicate(self) -> None:
        seen = sightings(submit("a"), submit("a"), submit("a", "49152"), submit("b"))
        assert (seen.distinct, seen.duplicated) == (3, 1)

    def test_submits_too_many_to_compare_are_counted_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sandbox.smsc.sightings.MAX_REMEMBERED", 1)
        seen = sightings(submit("a"), submit("b"), submit("a"), submit("b"))
        assert (seen.distinct, seen.duplicated, seen.untold) == (1, 1, 2)

    def test_segments_of_one_message_are_distinct_even_with_the_same_content(self) -> None:
        seen = sightings(*segments("x" * 153 * 2))
        assert (seen.distinct, seen.duplicated) == (2, 0)

    @pytest.mark.parametrize("mode", [LongMessages.UDH8, LongMessages.UDH16, LongMessages.SAR])
    def test_a_segment_sent_again_under_another_reference_is_a_duplicate(self, mode: LongMessages) -> None:
        seen = sightings(*segments(mode=mode), *segments(mode=mode, reference=2))
        assert (seen.distinct, seen.duplicated) == (2, 2)


class TestLongMessages:
    @pytest.mark.parametrize("mode", [LongMessages.UDH8, LongMessages.UDH16, LongMessages.SAR])
    def test_segments_make_one_message_in_any_order(self, mode: LongMessages) -> None:
        seen = sightings(*reversed(segments("y" * 400, mode)))
        assert (seen.segments, seen.messages, seen.incomplete) == (3, 1, 0)

    def test_a_message_with_a_part_missing_is_incomplete(self) -> None:
        seen = sightings(segments()[0], segments()[0])
        assert (seen.segments, seen.messages, seen.incomplete) == (2, 0, 1)

    def test_the_oldest_incomplete_message_is_forgotten(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("sandbox.smsc.sightings.MAX_INCOMPLETE", 1)
        old, young = segments(reference=1), segments(reference=2)
        seen = sightings(old[0], young[0], young[1], old[1])
        assert (seen.messages, seen.incomplete) == (1, 1)

    def test_a_payload_is_one_message(self) -> None:
        seen = sightings(*segments(mode=LongMessages.PAYLOAD))
        assert (seen.segments, seen.messages) == (0, 1)

    def test_other_headers_and_tlvs_make_no_segment(self) -> None:
        ported = ShortMessage(esm_class=0x40, data_coding=DataCoding.BINARY, short_message=b"\x06\x05\x04\x0b\x84\0\0x")
        tagged = ShortMessage(short_message=b"text", tlvs=((Tag.USER_MESSAGE_REFERENCE, b"\0\1"),))
        seen = sightings(ported, tagged)
        assert (seen.segments, seen.messages) == (0, 2)


def test_submits_are_counted_by_status_and_time() -> None:
    ledger = Ledger()
    for status, now in ((0, 10.0), (0, 10.5), (0x58, 10.6), (0x400, 12.0)):
        ledger.submitted("esme", status, now, at=1_700_000_000 + now)
    ledger.left_unanswered("esme")
    expected = {
        "received": 4,
        "accepted": 2,
        "unanswered": 1,
        "by_status": {"ESME_ROK": 2, "ESME_RTHROTTLED": 1, "0x00000400": 1},
        "highest_in_a_second": 3,
        "first_at": "2023-11-14T22:13:30.000Z",
        "last_at": "2023-11-14T22:13:32.000Z",
    }
    assert ledger.report()["submits"] == expected
    assert ledger.report()["system_ids"] == {"esme": expected}


def test_the_fewest_binds_at_a_time_are_counted_from_the_first_one_on() -> None:
    binds = Ledger().binds
    assert binds.report()["lowest"] is None
    binds.bound("esme", "transceiver")
    binds.bound("esme", "transceiver")
    assert binds.report()["lowest"] == 1
    binds.lost("esme")
    binds.lost("esme")
    binds.bound("esme", "transceiver")
    assert binds.report()["lowest"] == 0


def test_binds_are_counted_now_at_most_and_in_all() -> None:
    ledger = Ledger()
    ledger.binds.bound("esme", "transceiver")
    ledger.binds.bound("other", "receiver")
    ledger.binds.lost("esme")
    ledger.binds.bound("other", "transmitter")
    ledger.binds.refused[CommandStatus.ESME_RALYBND] += 1
    ledger.binds.unbinds += 1
    ledger.binds.window_seen(7)
    ledger.binds.window_seen(3)
    assert ledger.report()["binds"] == {
        "now": 2,
        "now_by_system_id": {"other": 2},
        "highest": 2,
        "lowest": 1,
        "total": 3,
        "total_by_mode": {"transceiver": 1, "receiver": 1, "transmitter": 1},
        "refused": {"ESME_RALYBND": 1},
        "unbinds": 1,
        "highest_window": 7,
    }


def test_what_is_neither_accepted_nor_given_up_is_pending() -> None:
    tally = DeliverTally(made=10, sent=15, answered=4, refused=3, timed_out=2, given_up=1, dropped=2)
    assert tally.report() == {**vars(tally), "pending": 3}


def test_the_longest_answer_to_an_enquire_link_is_told() -> None:
    ledger = Ledger()
    for took_s in (0.1, 0.25, 0.2):
        ledger.enquiry_answered(took_s)
    assert ledger.report()["enquire_links"] == {"received": 0, "answered": 3, "longest_answer_s": 0.25}
