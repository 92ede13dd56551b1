"""What several commands of the sandbox take as arguments."""

import argparse
from collections.abc import Callable

import pytest

from sandbox.arguments import above_zero, host_and_port, port_or_any


@pytest.mark.parametrize(
    ("take", "text", "value"),
    [
        (above_zero, "0.5", 0.5),
        (port_or_any, "0", 0),
        (port_or_any, "65535", 65_535),
        (host_and_port, "smsc.example:2775", ("smsc.example", 2775)),
        (host_and_port, "[::1]:2775", ("::1", 2775)),
    ],
)
def test_an_argument_becomes_a_value(take: Callable[[str], object], text: str, value: object):
    assert take(text) == value


@pytest.mark.parametrize(
    ("take", "text", "complaint"),
    [
        *((above_zero, text, "expected a number above 0") for text in ("0", "-1", "nan", "inf", "fast", "")),
        *((port_or_any, text, "must be in 0..65535") for text in ("65536", "-1", "²", "", "9" * 5000)),
        *(
            (host_and_port, text, "expected HOST:PORT, a port in 1..65535")
            for text in ("", "smsc", ":2775", "smsc:", "smsc:0", "smsc:65536", "smsc:²")
        ),
    ],
)
def test_nonsense_is_refused(take: Callable[[str], object], text: str, complaint: str):
    with pytest.raises(argparse.ArgumentTypeError) as refusal:
        take(text)
    assert str(refusal.value) == complaint
