"""The simulated SMSC with Kannel as its ESME: what it is to us it must be to a client that others wrote."""

import json
import tempfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import count, cycle
from pathlib import Path
from typing import Any

import pytest
from background_loop import BackgroundLoop
from kannel import GSM7, THROUGHPUT, UCS2, Kannel, running_kannel
from specimen_texts import ARABIC, EMOJI, EXTENSION_EVERYWHERE, GSM_ALPHABET, GSM_EXTENSION, TURKISH
from third_party import KANNEL, folder_of
from waiting import wait_until

from sandbox.smsc.character import Character
from sandbox.smsc.server import SimulatedSmsc

pytestmark = pytest.mark.interop

DELIVERED = "1"  # Kannel's number for it
SYSTEM_ID, PASSWORD = "kannel", "s3cr3t"
SEEN_S = 20.0
SETTLED_S = 60.0

TEXTS = (
    (GSM7, f"{GSM_ALPHABET} {GSM_EXTENSION}", 1),
    (UCS2, TURKISH, 1),
    (UCS2, ARABIC, 14),
    (UCS2, EMOJI, 1),
    (GSM7, EXTENSION_EVERYWHERE, 5),
)
"""Kannel's coding, text, and in how many parts it goes with the number behind it."""

HANDSET_TEXTS = (GSM_ALPHABET, TURKISH, EMOJI, ARABIC, EXTENSION_EVERYWHERE)


class Simulator:
    """The simulated SMSC in the background loop; use it with `with`."""

    def __init__(self, loop: BackgroundLoop, record: Path, password: str) -> None:
        self._loop = loop
        self._record = record
        self._smsc = SimulatedSmsc(Character(logins=((SYSTEM_ID, password),)), record=record)

    def __enter__(self) -> "Simulator":
        self._loop.run(self._smsc.start())
        return self

    def __exit__(self, *error: object) -> None:
        self._loop.run(self._smsc.stop())

    @property
    def port(self) -> int:
        return self._smsc.port

    def act(self, name: str, **details: object) -> None:
        assert self._loop.call(lambda: self._smsc.act(name, **details)) > 0

    def report(self) -> dict[str, Any]:
        """See sandbox.smsc.ledger."""
        return self._loop.call(self._smsc.report)

    @property
    def binds(self) -> dict[str, Any]:
        return dict(self.report()["binds"])

    @property
    def submits(self) -> dict[str, Any]:
        return dict(self.report()["submits"])

    @property
    def enquiries(self) -> dict[str, Any]:
        return dict(self.report()["enquire_links"])

    def messages(self) -> dict[str, tuple[str, int]]:
        """Text and number of parts, by destination."""
        self.report()  # up to which the record is written
        parts: defaultdict[str, dict[int, str]] = defaultdict(dict)
        for line in map(json.loads, self._record.read_text().splitlines()):
            parts[line["destination"]][line["part"]] = line["text"]
        return {
            number: ("".join(text for _, text in sorted(found.items())), len(found)) for number, found in parts.items()
        }


@contextmanager
def pair(loop: BackgroundLoop, password: str = PASSWORD) -> Iterator[tuple[Simulator, Kannel]]:
    """Kannel with PASSWORD at a simulated SMSC that wants `password`."""
    folder_of(KANNEL)
    with tempfile.TemporaryDirectory(prefix="interop-") as name:
        folder = Path(name)
        with (
            Simulator(loop, folder / "record", password) as simulator,
            running_kannel(folder, simulator.port, SYSTEM_ID, PASSWORD) as kannel,
        ):
            yield simulator, kannel


@pytest.fixture(scope="module")
def bound(loop: BackgroundLoop) -> Iterator[tuple[Simulator, Kannel]]:
    with pair(loop) as (simulator, kannel):
        wait_until(lambda: simulator.binds["now"] == 1, SEEN_S, "Kannel bound")
        yield simulator, kannel


def test_what_kannel_sends_is_read_whole_and_it_understands_every_receipt(
    bound: tuple[Simulator, Kannel], seconds: float, figures: list[str]
) -> None:
    simulator, kannel = bound
    expected: dict[str, tuple[str, int]] = {}
    for number, (coding, text, parts) in zip(numbers(), cycle(TEXTS), strict=False):
        expected[number] = (f"{text} {number}", parts)
        kannel.send(number, f"+{number}", expected[number][0], coding)
        if segments_of(expected) >= seconds * THROUGHPUT:
            break
    patience_s = seconds + SETTLED_S
    wait_until(lambda: simulator.submits["accepted"] >= segments_of(expected), patience_s, "every segment")
    wait_until(lambda: len(kannel.verdicts) >= len(expected), patience_s, "a verdict on every message")
    assert simulator.messages() == expected
    assert simulator.submits["accepted"] == segments_of(expected)
    assert sorted(kannel.verdicts) == [(number, DELIVERED) for number in sorted(expected)]
    figures.append(f"kannel, {seconds:g} s: {len(expected)} messages with a verdict, {simulator.submits}")


def test_kannel_reads_what_a_handset_sends(bound: tuple[Simulator, Kannel]) -> None:
    simulator, kannel = bound
    expected = [(f"49170{index}", "4922255", text) for index, text in enumerate(HANDSET_TEXTS)]
    for source, destination, text in expected:
        simulator.act("mo", source=source, destination=destination, text=text)
    wait_until(lambda: len(kannel.handset_messages) >= len(expected), SEEN_S, "all handset messages")
    assert sorted((f.lstrip("+"), t.lstrip("+"), text) for f, t, text in kannel.handset_messages) == expected


def test_each_side_answers_when_the_other_asks_whether_it_lives(bound: tuple[Simulator, Kannel]) -> None:
    simulator, _ = bound
    before = simulator.report()
    simulator.act("enquire-link")
    wait_until(lambda: simulator.enquiries["answered"] > before["enquire_links"]["answered"], SEEN_S, "its answer")
    wait_until(lambda: simulator.enquiries["received"] >= before["enquire_links"]["received"] + 2, SEEN_S, "its own")
    assert simulator.binds["total"] == before["binds"]["total"]


def test_kannel_answers_an_unbind_and_binds_again(bound: tuple[Simulator, Kannel]) -> None:
    simulator, _ = bound
    before = simulator.binds["total"]
    simulator.act("unbind")
    wait_until(lambda: simulator.binds["total"] == before + 1, SEEN_S, "a new bind")
    wait_until(lambda: simulator.binds["now"] == 1, SEEN_S, "one bind alone")


def test_when_kannel_stops_the_simulator_is_left_without_a_bind(loop: BackgroundLoop) -> None:
    with pair(loop) as (simulator, kannel):
        wait_until(lambda: simulator.binds["now"] == 1, SEEN_S, "Kannel bound")
        kannel.bearerbox.stop()
        wait_until(lambda: simulator.binds["now"] == 0, SEEN_S, "no bind")


def test_kannel_understands_that_its_password_is_refused(loop: BackgroundLoop) -> None:
    with pair(loop, password="another") as (simulator, kannel):
        wait_until(lambda: simulator.binds["refused"], SEEN_S, "a refused bind")
        wait_until(lambda: "SMSC rejected login" in kannel.log, SEEN_S, "Kannel's word on it")
        assert set(simulator.binds["refused"]) == {"ESME_RINVPASWD"}
        assert simulator.binds["total"] == 0


def numbers() -> Iterator[str]:
    """To each of them goes one message."""
    return (f"49160{index:07d}" for index in count())


def segments_of(messages: Mapping[str, tuple[str, int]]) -> int:
    return sum(parts for _, parts in messages.values())
