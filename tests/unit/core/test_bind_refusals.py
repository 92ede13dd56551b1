"""What a failed bind means: the words for it, and the wait before the next."""

import pytest

from core.bind_refusals import NoAnswer, wait_s, words
from smpp.constants import CommandStatus as Status

BACKOFF_S = 5.2
LONG_BACKOFF_S = 600.0
VENDOR_STATUS = 0x400


def test_a_bind_that_the_smsc_still_holds_waits_out_its_timer():
    assert wait_s(Status.ESME_RALYBND, BACKOFF_S) == 30.0


@pytest.mark.parametrize("status", [Status.ESME_RINVPASWD, Status.ESME_RINVSYSID])
def test_refused_credentials_wait_a_minute_so_that_no_account_gets_locked(status: Status):
    assert wait_s(status, BACKOFF_S) == 60.0


@pytest.mark.parametrize("status", [Status.ESME_RTHROTTLED, Status.ESME_RMSGQFUL])
def test_a_busy_smsc_is_left_alone_for_ten_seconds(status: Status):
    assert wait_s(status, BACKOFF_S) == 10.0


@pytest.mark.parametrize(
    "failure", [Status.ESME_RBINDFAIL, Status.ESME_RSYSERR, Status.ESME_RINVCMDID, VENDOR_STATUS, *NoAnswer]
)
def test_every_other_failure_waits_for_the_backoff(failure: int | NoAnswer):
    assert wait_s(failure, BACKOFF_S) == BACKOFF_S


@pytest.mark.parametrize("failure", [*Status, VENDOR_STATUS, *NoAnswer])
def test_no_wait_is_shorter_than_the_backoff(failure: int | NoAnswer):
    assert wait_s(failure, LONG_BACKOFF_S) == LONG_BACKOFF_S


def test_the_words_name_the_status_and_what_it_means():
    assert words(Status.ESME_RALYBND) == "bind refused: ESME_RALYBND, the SMSC still holds our old bind"


def test_a_status_of_a_vendor_goes_by_its_number():
    assert words(VENDOR_STATUS) == "bind refused: 0x00000400"


def test_a_bind_without_an_answer_has_words_of_its_own():
    assert [words(failure) for failure in NoAnswer] == [
        "connect failed",
        "bind not answered",
        "link lost while binding",
    ]


def test_refusals_that_are_handled_apart_are_told_apart():
    apart = [
        Status.ESME_RALYBND,
        Status.ESME_RBINDFAIL,
        Status.ESME_RINVPASWD,
        Status.ESME_RINVSYSID,
        Status.ESME_RTHROTTLED,
        Status.ESME_RSYSERR,
    ]
    meanings = {words(status).partition(", ")[2] for status in apart}
    assert len(meanings - {""}) == len(apart)
