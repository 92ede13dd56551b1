"""The data types that PDU fields are made of (SMPP 3.4, 3.1), as values that read and write octets.

Reading is tolerant: a string may be longer than the specification allows and hold any octet.
Writing is strict; only `repeat`, which writes again what was received, lets such a string pass.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

from smpp.constants import CommandStatus

FieldValue: TypeAlias = "int | str | bytes | Sequence[Mapping[str, FieldValue]]"


class UnreadableField(Exception):
    """Octets that are no value of their type; `command_status` is what to answer with."""

    def __init__(self, command_status: CommandStatus, reason: str) -> None:
        super().__init__(reason)
        self.command_status = command_status
        self.reason = reason


class FieldType(Protocol):
    """`read` gives the value at an offset and the offset behind it; `write` raises ValueError for a wrong value."""

    def read(self, data: bytes, start: int) -> tuple[FieldValue, int]: ...

    def write(self, value: FieldValue, repeat: bool) -> bytes: ...


@dataclass(frozen=True)
class Integer:
    """An unsigned integer, most significant octet first."""

    octets: int = 1

    def read(self, data: bytes, start: int) -> tuple[int, int]:
        end = start + self.octets
        if end > len(data):
            raise UnreadableField(CommandStatus.ESME_RINVCMDLEN, "cut off")
        return int.from_bytes(data[start:end], "big"), end

    def write(self, value: FieldValue, repeat: bool) -> bytes:
        if not isinstance(value, int) or not 0 <= value < 1 << 8 * self.octets:
            raise ValueError(f"not an integer of {self.octets} octets")
        return value.to_bytes(self.octets, "big")


@dataclass(frozen=True)
class CString:
    """A string that ends with NUL, `most` octets with it; `fixed` allows exactly that many or the NUL alone."""

    most: int
    fixed: bool = False

    def read(self, data: bytes, start: int) -> tuple[str, int]:
        end = data.find(b"\0", start)
        if end < 0:
            raise UnreadableField(CommandStatus.ESME_RINVCMDLEN, "no NUL at its end")
        return data[start:end].decode("latin-1"), end + 1

    def write(self, value: FieldValue, repeat: bool) -> bytes:
        if not isinstance(value, str) or "\0" in value or max(value, default="") > "\xff":
            raise ValueError("not a C-octet string")
        if not (repeat or self._allows(len(value) + 1)):
            raise ValueError(f"{len(value) + 1} octets with its NUL are not allowed")
        return value.encode("latin-1") + b"\0"

    def _allows(self, octets: int) -> bool:
        return octets in (1, self.most) if self.fixed else octets <= self.most


@dataclass(frozen=True)
class CountedOctets:
    """Octets behind one octet with their number: sm_length and short_message."""

    most: int

    def read(self, data: bytes, start: int) -> tuple[bytes, int]:
        count, start = Integer().read(data, start)
        end = start + count
        if end > len(data):
            raise UnreadableField(CommandStatus.ESME_RINVMSGLEN, "its length is more than there is")
        return data[start:end], end

    def write(self, value: FieldValue, repeat: bool) -> bytes:
        if not isinstance(value, bytes) or len(value) > (0xFF if repeat else self.most):
            raise ValueError(f"not octets, at most {self.most}")
        return Integer().write(len(value), repeat) + value


@dataclass(frozen=True)
class Record:
    """Named fields in order: a PDU body, or one entry of a list in it."""

    fields: Mapping[str, FieldType]

    def read(self, data: bytes, start: int) -> tuple[dict[str, FieldValue], int]:
        values: dict[str, FieldValue] = {}
        for name, kind in self.fields.items():
            try:
                values[name], start = kind.read(data, start)
            except UnreadableField as error:
                raise UnreadableField(error.command_status, f"{name}: {error.reason}") from None
        return values, start

    def write(self, values: Mapping[str, FieldValue], repeat: bool) -> bytes:
        if values.keys() != self.fields.keys():
            raise ValueError(f"missing or unknown: {', '.join(sorted(values.keys() ^ self.fields.keys()))}")
        return b"".join([self._write_field(name, values[name], repeat) for name in self.fields])

    def _write_field(self, name: str, value: FieldValue, repeat: bool) -> bytes:
        try:
            return self.fields[name].write(value, repeat)
        except ValueError as error:
            raise ValueError(f"{name}: {error}") from None


@dataclass(frozen=True)
class FlaggedRecord:
    """A record whose first octet, the flag, says which fields follow: dest_address of submit_multi."""

    flag: str
    records: Mapping[int, Record]

    def read(self, data: bytes, start: int) -> tuple[dict[str, FieldValue], int]:
        flag, start = Integer().read(data, start)
        if flag not in self.records:
            raise UnreadableField(CommandStatus.ESME_RINVDESTFLAG, f"{self.flag} {flag} is unknown")
        values, end = self.records[flag].read(data, start)
        return {self.flag: flag, **values}, end

    def write(self, values: Mapping[str, FieldValue], repeat: bool) -> bytes:
        flag = values.get(self.flag)
        if not isinstance(flag, int) or flag not in self.records:
            raise ValueError(f"{self.flag} missing or unknown")
        followers = {name: value for name, value in values.items() if name != self.flag}
        return Integer().write(flag, repeat) + self.records[flag].write(followers, repeat)


@dataclass(frozen=True)
class CountedRecords:
    """Records behind one octet with their number: number_of_dests, no_unsuccess."""

    record: Record | FlaggedRecord
    most: int

    def read(self, data: bytes, start: int) -> tuple[list[dict[str, FieldValue]], int]:
        count, start = Integer().read(data, start)
        entries = []
        for _ in range(count):
            entry, start = self.record.read(data, start)
            entries.append(entry)
        return entries, start

    def write(self, value: FieldValue, repeat: bool) -> bytes:
        if isinstance(value, int | str | bytes) or len(value) > (0xFF if repeat else self.most):
            raise ValueError(f"not a list of at most {self.most}")
        return Integer().write(len(value), repeat) + b"".join([self.record.write(entry, repeat) for entry in value])
