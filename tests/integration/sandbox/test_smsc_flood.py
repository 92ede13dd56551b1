"""The measurement of the simulated SMSC, in a short form."""

import json

import pytest

from loadtest.smsc.__main__ import main

SHORT = ("--messages", "3000", "--links", "2")


def test_every_message_of_a_flood_is_answered_and_has_its_receipt(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*SHORT, "--least", "1"]) == 0

    figures = json.loads(capsys.readouterr().out.splitlines()[-1])
    rates = (figures.pop("submit_sm_per_s"), figures.pop("submit_sm_per_core_s"))
    assert figures == {"messages": 3000, "links": 2, "receipts": 3000, "refused": 0}
    assert min(rates) > 0


def test_a_flood_that_is_not_fast_enough_fails() -> None:
    assert main([*SHORT, "--least", "1000000000"]) == 1
