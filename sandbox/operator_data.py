"""What the development operator-management-service tells: a JSON file, read again whenever it has changed.

    {"groups": {"default": ["alpha"]},
     "operators": {"alpha": {OperatorConfig}},
     "credentials": {"alpha": {"system_id": ..., "password": ..., "version": ...}}}

Credentials may also have tls_cert_pem and tls_key_pem, the certificate and key that we show to the operator's SMSC.
A file that cannot be used keeps the last good data.
"""

import logging
from pathlib import Path
from typing import Any

import msgspec

from sandbox.private_files import write_private

DEFAULT_GROUP = "default"

_logger = logging.getLogger(__name__)


class BadOperatorData(Exception):
    """The file cannot be used; the message says why in one line, without a value from it."""


class Credentials(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a bind needs; `version` changes with every rotation."""

    system_id: str
    password: str
    version: str | int
    tls_cert_pem: str | None = None
    tls_key_pem: str | None = None

    def __repr__(self) -> str:
        """Without the password and the key."""
        return f"Credentials(system_id={self.system_id!r}, version={self.version!r})"


class OperatorData(msgspec.Struct, frozen=True, kw_only=True):
    """The whole file. An operator's configuration is passed on as it stands: judging it is the connector's business."""

    groups: dict[str, list[str]] = {}
    operators: dict[str, dict[str, Any]] = {}
    credentials: dict[str, Credentials] = {}


class OperatorFile:
    """The file and the last good data that was in it."""

    def __init__(self, path: Path) -> None:
        """Raises BadOperatorData when there is nothing good to start with."""
        self._path = path
        self._seen = self._read()
        self._data = parse_operator_data(self._seen)
        self._complaint = ""

    def current(self) -> OperatorData:
        """The data of now; while the file is bad or gone, the last good data, with one line in the log."""
        try:
            self._refresh()
        except BadOperatorData as error:
            self._complain(str(error))
        return self._data

    def _refresh(self) -> None:
        """Compares contents: a file's time and size can stay the same when it is replaced twice in a few ms."""
        content = self._read()
        if content != self._seen:
            self._seen = content
            self._complaint = ""
            self._data = parse_operator_data(content)

    def _complain(self, complaint: str) -> None:
        if complaint != self._complaint:
            self._complaint = complaint
            _logger.warning("keeping the last good operator data: %s", complaint)

    def _read(self) -> bytes:
        try:
            return self._path.read_bytes()
        except OSError as error:
            raise BadOperatorData(f"{self._path}: {error.strerror}") from None


def parse_operator_data(content: bytes) -> OperatorData:
    """Raises BadOperatorData for what is not JSON, not of this form, or names an operator that is not there."""
    try:
        data = msgspec.json.decode(content, type=OperatorData)
    except msgspec.DecodeError as error:  # names places and types, not values
        raise BadOperatorData(str(error)) from None
    except UnicodeDecodeError:
        raise BadOperatorData("not UTF-8") from None
    named = {operator_id for members in data.groups.values() for operator_id in members}
    if missing := sorted(named - data.operators.keys()):
        raise BadOperatorData(f"a group names operators that are not there: {', '.join(missing)}")
    return data


def write_operator_data(path: Path, data: OperatorData) -> None:
    """Replace the file in one step, readable for its owner only."""
    write_private(path, msgspec.json.encode(data))
