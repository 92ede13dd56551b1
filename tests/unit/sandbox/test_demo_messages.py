"""The messages of the demonstration, and how they are found again in a simulator's record."""

import json

import msgspec

from messages.dispatch import Dispatch
from sandbox.demo.dispatches import LONG_CHARACTERS, DemoMessage, compose
from sandbox.demo.sightings import sightings
from sandbox.demo.texts import LANGUAGES

OPERATORS = ("alpha", "bravo", "carlo")


def record_line(**changes: object) -> str:
    line = {
        "at_ns": 5_000_000_000,
        "command_status": "ESME_ROK",
        "destination": "999000000001",
        "part": 1,
        "parts": 1,
        "text": "Grüße",
    }
    return json.dumps({**line, **changes})


class TestDispatches:
    def test_every_payload_is_a_dispatch_by_the_contract(self) -> None:
        for message in compose(200, OPERATORS):
            dispatch = msgspec.json.decode(message.payload(), type=Dispatch)
            assert dispatch == Dispatch(
                message_id=message.message_id,
                operator_id=message.operator_id,
                to=f"+{message.to}",
                source=message.source,
                text=message.text,
                metadata={"language": message.language},
            )

    def test_the_operators_take_turns(self) -> None:
        messages = compose(4, OPERATORS)
        assert [(message.message_id, message.operator_id, message.subject) for message in messages] == [
            ("demo-000001", "alpha", "sms.dispatch.alpha"),
            ("demo-000002", "bravo", "sms.dispatch.bravo"),
            ("demo-000003", "carlo", "sms.dispatch.carlo"),
            ("demo-000004", "alpha", "sms.dispatch.alpha"),
        ]

    def test_no_two_have_a_destination_or_a_text_in_common(self) -> None:
        messages = compose(1000, OPERATORS)
        assert len({message.to for message in messages}) == 1000
        assert len({message.text for message in messages}) == 1000

    def test_a_thousand_come_in_every_language_short_and_long(self) -> None:
        messages = compose(1000, OPERATORS)
        longest = max(len(message.text) for message in messages)
        assert {message.language for message in messages} == {language.code for language in LANGUAGES}
        assert 200 <= sum(len(message.text) > LONG_CHARACTERS[0] for message in messages) <= 300
        assert LONG_CHARACTERS[1] - 50 <= longest <= LONG_CHARACTERS[1] + len("#1000 ")

    def test_every_run_sends_the_same(self) -> None:
        assert compose(50, OPERATORS) == compose(50, OPERATORS)

    def test_repr_hides_address_and_text(self) -> None:
        message = DemoMessage("demo-000001", "alpha", "Sandbox", "999000000001", "private", "en")
        assert repr(message) == (
            "DemoMessage(message_id='demo-000001', operator_id='alpha', source='Sandbox', language='en')"
        )


class TestSightings:
    def test_a_message_in_one_part(self) -> None:
        sighting = sightings([record_line()])["999000000001"]
        assert (sighting.first_at, sighting.segments, sighting.is_complete_once, sighting.text()) == (
            5.0,
            1,
            True,
            "Grüße",
        )

    def test_parts_that_came_out_of_order_are_put_together(self) -> None:
        late, early = record_line(part=2, parts=2, text="world"), record_line(part=1, parts=2, text="hello ")
        sighting = sightings([late, early])["999000000001"]
        assert (sighting.is_complete_once, sighting.text()) == (True, "hello world")

    def test_a_missing_part_shows(self) -> None:
        assert not sightings([record_line(part=1, parts=2)])["999000000001"].is_complete_once

    def test_a_part_that_came_twice_shows(self) -> None:
        line = record_line()
        sighting = sightings([line, line])["999000000001"]
        assert (sighting.is_complete_once, sighting.segments) == (False, 2)

    def test_what_the_operator_refused_was_not_there(self) -> None:
        assert sightings([record_line(command_status="ESME_RTHROTTLED")]) == {}

    def test_a_plus_makes_no_other_destination(self) -> None:
        assert list(sightings([record_line(destination="+999000000001")])) == ["999000000001"]
