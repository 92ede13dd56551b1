"""How one trait of a character is read: from the text of a flag and from a JSON value alike."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any, TypeVar, get_type_hints

from smpp.constants import CommandStatus

T = TypeVar("T")
E = TypeVar("E", bound=Enum)
Read = Callable[[object], T]

MAX_COMMAND_STATUS = 0xFFFFFFFF
_KNOWN_STATUSES = frozenset(CommandStatus)


@dataclass(frozen=True)
class Trait:
    """Stands in the annotation of a dataclass field: how its value is read, and what it means."""

    read: Read[Any]
    help: str


class BadTraits(ValueError):
    """Traits that do not exist or have a wrong value: one line each, all of them."""


def traits_of(kind: type[Any]) -> dict[str, Trait]:
    """The traits of a dataclass, by field."""
    hints = get_type_hints(kind, include_extras=True)
    return {name: hint.__metadata__[0] for name, hint in hints.items()}


def read_traits(kind: type[Any], values: Mapping[str, object]) -> dict[str, Any]:
    """Typed values for the fields of a dataclass made of traits; BadTraits where one cannot be."""
    traits = traits_of(kind)
    problems: list[str] = []
    read: dict[str, Any] = {}
    for name, value in values.items():
        try:
            read[name] = traits[name].read(value)
        except KeyError:
            problems.append(f"{name}: no such trait")
        except ValueError as error:
            problems.append(f"{name}: {error}")
    if problems:
        raise BadTraits("\n".join(problems))
    return read


def ascii_text(most: int) -> Read[str]:
    """Printable ASCII, at most so many characters."""

    def read(value: object) -> str:
        if isinstance(value, str) and len(value) <= most and value.isascii() and value.isprintable():
            return value
        raise ValueError(f"must be printable ASCII, at most {most} characters")

    return read


def any_text(value: object) -> str:
    """Any text."""
    if isinstance(value, str):
        return value
    raise ValueError("must be text")


def receipt_template(value: object) -> str:
    """ASCII text with the fields of a receipt in braces; "" is none."""
    template = ascii_text(200)(value)
    at = datetime(2000, 1, 1)
    try:
        template.format(id="", dlvrd="", stat="", err="", submit=at, done=at)
    except (ValueError, KeyError, IndexError, AttributeError):
        raise ValueError("must be text with {id}, {dlvrd}, {stat}, {err}, {submit} and {done}") from None
    return template


def octets(most: int) -> Read[bytes]:
    """Octets in hex, at most so many."""

    def read(value: object) -> bytes:
        try:
            data = bytes.fromhex(any_text(value))
        except ValueError:
            raise ValueError("must be octets in hex") from None
        if len(data) > most:
            raise ValueError(f"must be at most {most} octets")
        return data

    return read


def switch(value: object) -> bool:
    """true or false."""
    if value in (True, "true"):
        return True
    if value in (False, "false"):
        return False
    raise ValueError("must be true or false")


def whole(least: int, most: int | None = None) -> Read[int]:
    """An integer in least..most."""

    def read(value: object) -> int:
        if isinstance(value, str) and value.isascii() and value.lstrip("-").isdigit():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise ValueError("must be a whole number")
        return _between(value, least, most)

    return read


def number(least: float, most: float | None = None) -> Read[float]:
    """A number in least..most."""

    def read(value: object) -> float:
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise ValueError("must be a number")
        try:
            found = float(value)
        except (ValueError, OverflowError):
            raise ValueError("must be a number") from None
        return _between(found, least, most)

    return read


N = TypeVar("N", int, float)


def _between(value: N, least: float, most: float | None) -> N:
    if not least <= value < float("inf") or (most is not None and value > most):
        raise ValueError(f"must be at least {least:g}" if most is None else f"must be in {least:g}..{most:g}")
    return value


percent = number(0, 100)


def one_of(choices: type[E]) -> Read[E]:
    """The member of an Enum, by its name as `word` writes it."""
    members = {word(member): member for member in choices}

    def read(value: object) -> E:
        if isinstance(value, str) and value in members:
            return members[value]
        raise ValueError(f"must be one of {', '.join(members)}")

    return read


def word(member: Enum) -> str:
    """The name of a member as people write it, e.g. before-response."""
    return member.name.lower().replace("_", "-")


def command_status(value: object) -> int:
    """A command_status by its name in SMPP 3.4 or by its number, e.g. ESME_RSYSERR, 8 or 0x400."""
    if isinstance(value, str) and value in CommandStatus.__members__:
        return CommandStatus[value]
    try:
        status = whole(0, MAX_COMMAND_STATUS)(int(value, 0) if isinstance(value, str) else value)
    except ValueError:
        raise ValueError("must be a command_status, e.g. ESME_RSYSERR or 0x400") from None
    return CommandStatus(status) if status in _KNOWN_STATUSES else status


def several(read: Read[T]) -> Read[tuple[T, ...]]:
    """Values separated by commas, or a JSON list."""

    def read_all(value: object) -> tuple[T, ...]:
        parts = value.split(",") if isinstance(value, str) else value
        if not isinstance(parts, list | tuple):
            raise ValueError("must be a list")
        return tuple(read(part) for part in parts if part != "")

    return read_all


def table(name: Read[str], between: str, read: Read[T]) -> Read[tuple[tuple[str, T], ...]]:
    """Names with values, e.g. `DELIVRD=90,UNDELIV=10`, or a JSON object."""

    def read_entry(entry: object) -> tuple[str, T]:
        left, found, right = str(entry).partition(between)
        if not found:
            raise ValueError(f"must be name{between}value entries")
        return name(left), read(right)

    def read_table(value: object) -> tuple[tuple[str, T], ...]:
        if isinstance(value, Mapping):
            return tuple((name(left), read(right)) for left, right in value.items())
        return several(read_entry)(value)

    return read_table


def shown(value: Any) -> object:
    """The value of a trait as JSON says it, so that its reader takes it back."""
    if isinstance(value, CommandStatus):
        return value.name
    if isinstance(value, Enum):
        return word(value)
    if isinstance(value, tuple) and value and isinstance(value[0], tuple):
        return {name: shown(entry) for name, entry in value}
    if isinstance(value, tuple):
        return [shown(entry) for entry in value]
    return value
