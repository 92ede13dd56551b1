"""Frames of the actors' ports: ours come whole, of what is not ours nothing is kept."""

import pickle

import pytest

from actors.runtime.sealed_frames import HEADER_BYTES, ReceivedFrame, Seal

SEAL, OTHER = Seal(b"ours"), Seal(b"theirs")
BODY = pickle.dumps(["a message"])
FRAME = SEAL.frame(BODY)


def receiving() -> ReceivedFrame:
    return ReceivedFrame(SEAL, pickle.loads)


def test_a_frame_is_read_whole_however_it_was_cut():
    for size in range(1, len(FRAME) + 1):
        frame = receiving()
        for start in range(0, len(FRAME), size):
            assert not frame.isDone()
            assert frame.completed() is None
            frame.addMore(FRAME[start : start + size])
        assert (frame.isDone(), frame.completed()) == (True, (["a message"], b""))


def test_first_the_header_is_asked_for_and_then_its_body():
    frame = receiving()
    assert frame.remainingAmount() == HEADER_BYTES
    frame.addMore(FRAME[:HEADER_BYTES])
    assert frame.remainingAmount() == len(BODY)


def test_what_follows_a_frame_is_handed_on_or_removed():
    frame = receiving()
    frame.addMore(FRAME + b"more")
    assert frame.completed() == (["a message"], b"more")
    frame.removeExtra()
    assert frame.completed() == (["a message"], b"")


@pytest.mark.parametrize(
    "octets",
    [
        OTHER.frame(BODY),
        bytes(HEADER_BYTES),
        b"\xff" * HEADER_BYTES,
        FRAME[: HEADER_BYTES - 1] + b"\0",
        b"\0\0\0\1" + FRAME[4:],
    ],
    ids=["another secret", "zeros", "ones", "a changed signature", "a changed length"],
)
def test_a_header_that_is_not_ours_ends_it_and_nothing_is_kept(octets: bytes):
    frame = receiving()
    frame.addMore(octets)
    assert (frame.isDone(), frame.completed()) == (True, None)
    assert b"a message" not in repr(vars(frame)).encode()


def test_a_changed_body_is_not_unpickled():
    frame = ReceivedFrame(SEAL, lambda _: pytest.fail("unpickled"))
    frame.addMore(FRAME[:-1] + b"\0")
    assert (frame.isDone(), frame.completed()) == (True, None)


def test_the_secret_is_not_shown():
    assert repr(SEAL) == "Seal()"
