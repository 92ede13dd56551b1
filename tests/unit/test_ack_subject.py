"""The stream's number of a message, out of the reply subject of its delivery."""

import pytest

from messages.ack_subject import stream_sequence


@pytest.mark.parametrize(
    "reply",
    [
        "$JS.ACK.SMS_DISPATCH.smpp-mno.2.4711.9.1700000000000000000.12",
        "$JS.ACK.hub.ABCDEF.SMS_DISPATCH.smpp-mno.2.4711.9.1700000000000000000.12",
        "$JS.ACK._.ABCDEF.SMS_DISPATCH.smpp-mno.2.4711.9.1700000000000000000.12.Xy7",
    ],
    ids=["first version", "with a domain", "with a domain and a random token"],
)
def test_every_form_of_the_reply_subject_has_it(reply: str):
    assert stream_sequence(reply) == 4711
