"""The simulator's control over HTTP."""

import asyncio
from typing import Any

import pytest
from aiohttp import ClientSession, ClientTimeout

from sandbox.smsc.character import Character
from sandbox.smsc.control import Control
from sandbox.smsc.server import SimulatedSmsc

TIMEOUT = ClientTimeout(total=5.0)


async def ask(method: str, path: str, body: str | None = None, content_type: str = "application/json") -> Any:
    """Status and JSON of the answer of a new simulator."""
    answers = await ask_in_turn((method, path, body), content_type=content_type)
    return answers[0]


async def ask_in_turn(*requests: tuple[str, str, str | None], content_type: str = "application/json") -> list[Any]:
    """Statuses and JSON of the answers of one simulator."""
    smsc = SimulatedSmsc(Character(logins=(("esme", "secret"),)))
    control = Control(smsc)
    await smsc.start()
    await control.start()
    try:
        async with ClientSession(control.url, timeout=TIMEOUT, headers={"Content-Type": content_type}) as session:
            return [await _answer(session, *request) for request in requests]
    finally:
        await control.stop()
        await smsc.stop()


async def _answer(session: ClientSession, method: str, path: str, body: str | None) -> tuple[int, Any]:
    async with session.request(method, path, data=body) as response:
        return response.status, await response.json()


def test_the_report_is_what_it_saw_until_now() -> None:
    status, report = asyncio.run(ask("GET", "/report"))
    assert (status, report["submits"]["received"], report["binds"]["total"]) == (200, 0, 0)


def test_a_change_of_behaviour_is_in_force_and_shown_without_passwords() -> None:
    (status, changed), shown = asyncio.run(
        ask_in_turn(("POST", "/behaviour", '{"tps_limit": 5}'), ("GET", "/behaviour", None))
    )
    assert (status, changed["tps_limit"]) == (200, 5)
    assert shown == (200, changed)
    assert "logins" not in changed


@pytest.mark.parametrize(
    ("act", "done"),
    [
        ('{"act": "mo", "system_id": "esme", "text": "hello"}', 1),
        ('{"act": "reset", "system_id": "nobody"}', 0),
    ],
)
def test_an_act_tells_how_much_it_came_to(act: str, done: int) -> None:
    assert asyncio.run(ask("POST", "/act", act)) == (200, {"done": done})


@pytest.mark.parametrize(
    ("path", "body", "error"),
    [
        ("/behaviour", '{"tps_limit": "x"}', "tps_limit: must be a whole number"),
        ("/behaviour", "[]", "must be a JSON object"),
        ("/behaviour", "{", "must be JSON"),
        ("/act", '{"act": "drop", "speed": 1}', "speed: no such trait"),
        ("/act", '{"act": "mo", "text": "hello"}', "system_id: must be given, 0 are bound"),
        ("/act", "{}", "no such act; there are unbind, enquire-link, drop, reset, silence, half-pdu, garbage, mo"),
    ],
)
def test_a_wrong_request_is_told_what_is_wrong(path: str, body: str, error: str) -> None:
    assert asyncio.run(ask("POST", path, body)) == (400, {"error": error})


def test_a_text_of_too_many_parts_is_refused() -> None:
    body = '{"act": "mo", "system_id": "esme", "text": "%s"}' % ("x" * 50_000)
    assert asyncio.run(ask("POST", "/act", body)) == (400, {"error": "text: at least 313 parts, and 255 are possible"})


def test_a_web_page_cannot_post_to_it() -> None:
    answer = asyncio.run(ask("POST", "/act", '{"act": "drop"}', content_type="text/plain"))
    assert answer == (415, {"error": "Content-Type must be application/json"})


def test_an_unknown_path_is_not_found() -> None:
    assert asyncio.run(ask("GET", "/nothing")) == (404, {"error": "Not Found"})
