"""The dispatch messages of the demonstration, the same in every run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random

from sandbox.demo.texts import LANGUAGES, Language

SUBJECT = "sms.dispatch"
LONG_SHARE = 0.25  # of the messages
LONG_CHARACTERS = (300, 900)
SOURCES = ("Sandbox", "+999555000", "70707")  # alphanumeric, international, short code
COUNTRY_CODE = "999"  # nobody's

_SEED = 34


@dataclass(frozen=True, slots=True)
class DemoMessage:
    """One message; `to` is unique, so that a submit_sm shows which message it belongs to."""

    message_id: str
    operator_id: str
    source: str
    to: str = field(repr=False)  # digits
    text: str = field(repr=False)
    language: str

    @property
    def subject(self) -> str:
        """Where it is published."""
        return f"{SUBJECT}.{self.operator_id}"

    def payload(self) -> bytes:
        """The dispatch as JSON."""
        dispatch = {
            "message_id": self.message_id,
            "operator_id": self.operator_id,
            "to": f"+{self.to}",
            "from": self.source,
            "text": self.text,
            "metadata": {"language": self.language},
        }
        return json.dumps(dispatch, ensure_ascii=False).encode()


def compose(count: int, operator_ids: Sequence[str]) -> list[DemoMessage]:
    """`count` messages in turn for the operators, every text different: it begins with # and its number from 1."""
    chance = Random(_SEED)
    return [_message(number, operator_ids[(number - 1) % len(operator_ids)], chance) for number in range(1, count + 1)]


def _message(number: int, operator_id: str, chance: Random) -> DemoMessage:
    language = chance.choice(LANGUAGES)
    return DemoMessage(
        message_id=f"demo-{number:06}",
        operator_id=operator_id,
        source=chance.choice(SOURCES),
        to=f"{COUNTRY_CODE}{number:09}",
        text=f"#{number} {_body(language, chance)}",
        language=language.code,
    )


def _body(language: Language, chance: Random) -> str:
    if chance.random() >= LONG_SHARE:
        return chance.choice(language.short)
    characters = chance.randint(*LONG_CHARACTERS)
    repeats = characters // len(language.paragraph) + 1
    return (language.paragraph * repeats)[:characters]
