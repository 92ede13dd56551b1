"""What earlier deliveries have done, by what is stored of their segments."""

from core.redeliveries import SentSegments, sent_segments
from messages.lanes import AcceptedSegments, SentSegment


def test_nothing_is_known_of_what_nobody_has_sent():
    assert sent_segments(AcceptedSegments(1, [], [])) == {}


def test_segments_are_gathered_by_their_message():
    answer = AcceptedSegments(
        1,
        [SentSegment("a", 1, 3, "layout"), SentSegment("b", 1, 1), SentSegment("a", 3, 3, "layout")],
        [SentSegment("a", 2, 3, "layout"), SentSegment("c", 1, 2, "other")],
    )

    assert sent_segments(answer) == {
        "a": SentSegments(frozenset({1, 3}), frozenset({2}), 3, "layout"),
        "b": SentSegments(frozenset({1}), frozenset(), 1, ""),
        "c": SentSegments(frozenset(), frozenset({1}), 2, "other"),
    }


def test_a_layout_is_taken_from_whichever_segment_has_one():
    answer = AcceptedSegments(1, [SentSegment("a", 1, 2)], [SentSegment("a", 2, 3, "layout")])

    assert sent_segments(answer) == {"a": SentSegments(frozenset({1}), frozenset({2}), 3, "layout")}


def test_of_two_layouts_that_of_an_accepted_segment_counts():
    answer = AcceptedSegments(1, [SentSegment("a", 2, 2, "accepted")], [SentSegment("a", 1, 3, "unanswered")])

    assert sent_segments(answer)["a"].layout == "accepted"
