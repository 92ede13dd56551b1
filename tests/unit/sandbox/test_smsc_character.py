"""One table of traits: read from flags and from JSON, changed while it runs, shown without secrets."""

import argparse
from dataclasses import fields

import pytest

from sandbox.smsc.character import Character, Listener, Notation, Receipts, as_json, changed
from sandbox.smsc.flags import add_flags, character_of
from sandbox.smsc.traits import BadTraits
from smpp.bind import BindMode
from smpp.constants import CommandStatus

FLAGS = [
    *("--listener", "deaf"),
    *("--logins", "esme:secret,other:word"),
    *("--refused-modes", "transceiver,receiver"),
    *("--bind-status", "0x400"),
    *("--silent", "true"),
    *("--answer-delay-s", "0.25"),
    *("--prefix-statuses", "49=ESME_RSYSERR,44=11"),
    *("--id-notation", "hex-upper"),
    *("--receipts", "before-response"),
    *("--final-stats", "DELIVRD=90,UNDELIV=10"),
    *("--deliver-window", "7"),
]
AS_JSON: dict[str, object] = {
    "listener": "deaf",
    "logins": {"esme": "secret", "other": "word"},
    "refused_modes": ["transceiver", "receiver"],
    "bind_status": 1024,
    "silent": True,
    "answer_delay_s": 0.25,
    "prefix_statuses": {"49": "ESME_RSYSERR", "44": 11},
    "id_notation": "hex-upper",
    "receipts": "before-response",
    "final_stats": {"DELIVRD": 90, "UNDELIV": 10},
    "deliver_window": 7,
}
CHARACTER = Character(
    listener=Listener.DEAF,
    logins=(("esme", "secret"), ("other", "word")),
    refused_modes=(BindMode.TRANSCEIVER, BindMode.RECEIVER),
    bind_status=0x400,
    silent=True,
    answer_delay_s=0.25,
    prefix_statuses=(("49", CommandStatus.ESME_RSYSERR), ("44", CommandStatus.ESME_RINVDSTADR)),
    id_notation=Notation.HEX_UPPER,
    receipts=Receipts.BEFORE_RESPONSE,
    final_stats=(("DELIVRD", 90.0), ("UNDELIV", 10.0)),
    deliver_window=7,
)


def from_flags(flags: list[str]) -> Character:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    return character_of(parser.parse_args(flags))


def test_flags_make_a_character() -> None:
    assert from_flags(FLAGS) == CHARACTER


def test_no_flags_make_the_default_character() -> None:
    assert from_flags([]) == Character()


def test_json_makes_the_same_character() -> None:
    assert changed(Character(), AS_JSON) == CHARACTER


def test_what_is_shown_can_be_read_again() -> None:
    shown = as_json(CHARACTER)
    assert changed(Character(logins=CHARACTER.logins), shown) == CHARACTER


def test_a_change_leaves_the_other_traits() -> None:
    assert changed(CHARACTER, {"silent": "false"}) == Character(**{**vars(CHARACTER), "silent": False})


def test_passwords_are_never_shown() -> None:
    assert "secret" not in f"{CHARACTER!r}{as_json(CHARACTER)}"


def test_every_trait_has_a_flag_with_a_help_text() -> None:
    parser = argparse.ArgumentParser()
    add_flags(parser)
    whole = parser.format_help()
    assert [f.name for f in fields(Character) if f"--{f.name.replace('_', '-')} " not in whole] == []


@pytest.mark.parametrize(
    ("trait", "value", "problem"),
    [
        ("tps", 1, "tps: no such trait"),
        ("tps_limit", "many", "tps_limit: must be a whole number"),
        ("tps_limit", True, "tps_limit: must be a whole number"),
        ("tps_limit", -1, "tps_limit: must be at least 0"),
        ("answer_delay_s", "soon", "answer_delay_s: must be a number"),
        ("answer_delay_s", "nan", "answer_delay_s: must be at least 0"),
        ("error_percent", 101, "error_percent: must be in 0..100"),
        ("silent", "maybe", "silent: must be true or false"),
        ("listener", "shut", "listener: must be one of open, deaf, closed"),
        ("error_status", "ESME_RWHAT", "error_status: must be a command_status, e.g. ESME_RSYSERR or 0x400"),
        ("logins", "esme", "logins: must be name:value entries"),
        ("refused_modes", 9, "refused_modes: must be a list"),
        ("id_prefix", "é", "id_prefix: must be printable ASCII, at most 24 characters"),
        (
            "receipt_text",
            "id:{id} {date}",
            "receipt_text: must be text with {id}, {dlvrd}, {stat}, {err}, {submit} and {done}",
        ),
        ("receipt_text", "id:{id", "receipt_text: must be text with {id}, {dlvrd}, {stat}, {err}, {submit} and {done}"),
        ("final_stats", "DELIVRD=90", "final_stats: must be 100 percent in all, not 90"),
    ],
)
def test_a_wrong_value_is_named_with_what_it_must_be(trait: str, value: object, problem: str) -> None:
    with pytest.raises(BadTraits) as error:
        changed(Character(), {trait: value})
    assert str(error.value) == problem


def test_all_problems_are_shown_together() -> None:
    with pytest.raises(BadTraits) as error:
        changed(Character(), {"tps_limit": -1, "silent": "maybe"})
    assert str(error.value) == "tps_limit: must be at least 0\nsilent: must be true or false"
