"""A pytest plugin for `make privacy`: every service of every test logs at DEBUG, and what it leaves is searched.

It knows the passwords and keys of the services' settings, and the numbers and texts that tests send when they do not
say which.
"""

from collections.abc import Mapping
from pathlib import Path

import pytest
from connector_process import ConnectorProcess
from leak_search import search
from left_behind import of_files
from platform_side import USUAL_NUMBER
from simulated_operator import PASSWORD

SENT = {"to": USUAL_NUMBER.lstrip("+"), "text": "under load", "SMPP password": PASSWORD}

_environment = ConnectorProcess.environment
_close = ConnectorProcess.close


def pytest_configure(config: pytest.Config) -> None:
    """For the whole run."""
    del config
    ConnectorProcess.environment = environment_with_debug  # type: ignore[method-assign]
    ConnectorProcess.close = close_and_search  # type: ignore[method-assign]


def environment_with_debug(process: ConnectorProcess) -> Mapping[str, str]:
    return {**_environment(process), "LOG_LEVEL": "DEBUG"}


def close_and_search(process: ConnectorProcess) -> None:
    """As `close`; fails the test where something has leaked."""
    try:
        left = of_files(process) if process.log_file.exists() else {}
        found = search(left, SENT | keys_of(process.settings))
    finally:
        _close(process)
    assert found == []


def keys_of(settings: Mapping[str, str]) -> dict[str, str]:
    """What is in the files that the settings name: the seed, the password of Postgres, the key of mutual TLS."""
    lines = {
        name: Path(settings[name]).read_text().splitlines()
        for name in ("NATS_NKEY_SEED_FILE", "PGPASSFILE", "OPERATOR_MANAGEMENT_KEY_FILE")
        if settings.get(name)
    }
    values = {name: content[min(1, len(content) - 1)].rpartition(":")[2] for name, content in lines.items()}
    return {name: value for name, value in values.items() if value}
