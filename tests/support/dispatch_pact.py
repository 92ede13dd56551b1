"""The pact over sms.dispatch.*: smpp-connector asks for it, who sends SMS through it keeps it.

The consumer is our own code, from the message to the submit_sm. The provider is `smpp-connector send`, the one
publisher of dispatches that is in this tree; a platform of one's own is verified against the same file.
"""

import argparse
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from unittest.mock import patch

from confirming_nats import Published
from pact import Pact, match
from pact_files import new_pact

from cli import send
from config.operators import OperatorConfig
from config.settings import Settings
from core.preparation import Preparer
from core.reading import read_dispatch
from smpp.constants import CommandId
from smpp.hot import ShortMessage, decode_short_message, pdu

CONSUMER, PROVIDER = "smpp-connector", "messaging-platform"

TEXT = "a text"
BINARY = "binary data"
OPTIONS = "a text for the screen, urgent, without a receipt, with metadata"

OPERATOR = OperatorConfig(operator_id="alpha", endpoints=())


# What the consumer asks for.


def dispatch_pact() -> Pact:
    pact = new_pact(CONSUMER, PROVIDER)
    for description, body in ASKED_FOR.items():
        interaction = pact.upon_receiving(description, "Async")
        interaction.with_body(body, "application/json")
        subject = match.regex("sms.dispatch.alpha", regex=r"^sms\.dispatch\.[A-Za-z0-9_-]{1,64}$")
        interaction.with_metadata({"subject": subject})
    return pact


def _asked(example_id: str, **fields: Any) -> dict[str, Any]:
    return {
        "message_id": match.regex(example_id, regex=r"^[\x20-\x7e]{1,64}$"),
        "operator_id": match.regex("alpha", regex=r"^[A-Za-z0-9_-]{1,64}$"),
        "to": match.regex("+491512345678", regex=r"^\+?[0-9]{3,15}$"),
        "from": match.string("Bank"),
        **fields,
    }


ASKED_FOR = {
    TEXT: _asked("text", text=match.string("Hello")),
    BINARY: _asked("binary", encoding="binary", data=match.regex("AAH/", regex=r"^[A-Za-z0-9+/]+=*$")),
    OPTIONS: _asked(
        "options",
        text=match.string("Your code is 1234"),
        flash=True,
        priority=match.integer(3),
        request_dlr=False,
        metadata={"campaign": match.string("spring")},
    ),
}


class SubmitsOfDispatches:
    """The submit_sm that the service makes of each dispatch, by message_id."""

    def __init__(self) -> None:
        self.submits: dict[str, list[ShortMessage]] = {}

    def read(self, payload: str | bytes | None, _metadata: dict[str, object]) -> None:
        octets = payload.encode() if isinstance(payload, str) else payload or b""
        dispatch = read_dispatch(octets, OPERATOR.operator_id)
        bodies = Preparer(OPERATOR).prepare(dispatch, 0.0).bodies(1)
        frames = [pdu(CommandId.SUBMIT_SM, 0, 1, body) for body in bodies]
        self.submits[dispatch.message_id] = [decode_short_message(frame) for frame in frames]


# What the provider sends.

SENT = {
    TEXT: ["Grüße aus Köln", "--operator=alpha", "--to=491700000001", "--from=Bank"],
    BINARY: ["--operator=alpha", "--to=+491700000001", "--from=12345", "--encoding=binary", "--data=00a1ff"],
    OPTIONS: [
        "Your code is 9876",
        "--operator=beta",
        "--to=+491700000001",
        "--from=Bank",
        "--flash",
        "--priority=2",
        "--no-dlr",
        "--metadata=campaign=autumn",
    ],
}


def dispatch_messages() -> dict[str, Callable[[], Published]]:
    """What `send` publishes in each case."""
    return {description: partial(_sent, arguments) for description, arguments in SENT.items()}


def _sent(arguments: Sequence[str]) -> Published:
    parser = argparse.ArgumentParser()
    send.add_arguments(parser)
    with stored_dispatches() as stored:
        assert send.execute(parser.parse_args(arguments)) == 0
    (dispatch,) = stored
    return dispatch


@contextmanager
def stored_dispatches() -> Iterator[list[Published]]:
    """What `send` publishes within, without NATS."""
    stored: list[Published] = []

    @asynccontextmanager
    async def connected(_settings: Settings) -> AsyncIterator[StoringJetStream]:
        yield StoringJetStream(stored)

    with patch("cli.nats_once.connected", connected):
        yield stored


class StoringJetStream:
    """In place of a nats.aio.client.Client and of its JetStream."""

    duplicate = False

    def __init__(self, stored: list[Published]) -> None:
        self._stored = stored

    def jetstream(self) -> "StoringJetStream":
        return self

    async def publish(
        self, subject: str, payload: bytes, *, timeout: float, headers: dict[str, str]
    ) -> "StoringJetStream":
        self._stored.append(Published(subject, payload, headers))
        return self
