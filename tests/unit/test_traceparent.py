"""The traceparent header: W3C Trace Context, 3.2."""

import pytest

from messages.traceparent import ids, is_sampled, read_traceparent, trace_id, write_traceparent

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
SAMPLED, UNSAMPLED = f"00-{TRACE}-{SPAN}-01", f"00-{TRACE}-{SPAN}-00"


@pytest.mark.parametrize(
    "header",
    [SAMPLED, UNSAMPLED, f"00-{TRACE}-{SPAN}-ff"],
)
def test_a_valid_header_is_taken_as_it_is(header: str):
    assert read_traceparent(header) == header


@pytest.mark.parametrize("header", [f"01-{TRACE}-{SPAN}-01", f"cc-{TRACE}-{SPAN}-01-what-the-future-will-bring"])
def test_a_later_version_is_read_as_far_as_it_is_known(header: str):
    assert read_traceparent(header) == SAMPLED


@pytest.mark.parametrize(
    "header",
    [
        "",
        "nothing",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE}-{SPAN}-1",
        f"00-{TRACE}-{SPAN}-01\n",
        f"{SAMPLED}\0",
    ],
)
def test_anything_else_counts_as_none(header: str):
    assert read_traceparent(header) == ""


def test_the_last_bit_of_the_flags_says_whether_it_is_sampled():
    assert [flags for flags in range(8) if is_sampled(f"00-{TRACE}-{SPAN}-{flags:02x}")] == [1, 3, 5, 7]
    assert not is_sampled("")


def test_the_ids_are_read_and_written():
    assert (trace_id(SAMPLED), trace_id("")) == (TRACE, "")
    assert write_traceparent(*ids(SAMPLED), is_sampled=True) == SAMPLED
    assert write_traceparent(*ids(SAMPLED), is_sampled=False) == UNSAMPLED
