"""A pytest plugin for `make privacy`: every service of every test logs at DEBUG, and what it shows is searched.

It knows the passwords and keys of the services' settings, and the numbers and texts that tests send when they do not
say which.
"""

import json
import signal
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from connector_process import STOP_S, ConnectorProcess
from lasting_load import DESTINATIONS, LONG_TEXT
from leak_search import Finding, search
from left_behind import Sources, of_files, of_processes
from platform_side import LOAD_TEXT, USUAL_NUMBER, USUAL_TEXT
from simulated_operator import PASSWORD

from sandbox.smsc.mobile_originated import MobileOriginated

SENT = {
    "to": USUAL_NUMBER.lstrip("+"),
    "to under a lasting load": DESTINATIONS,
    "text": USUAL_TEXT,
    "text under load": LOAD_TEXT,
    "long text under load": LONG_TEXT[:30],
    "handset": MobileOriginated().source,
    "SMPP password": PASSWORD,
}

_environment = ConnectorProcess.environment
_finish = ConnectorProcess.finish
_close = ConnectorProcess.close


class Leaked(AssertionError):
    """Something was seen that must not be."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(", ".join(map(str, findings)))
        self.findings = findings


def pytest_configure(config: pytest.Config) -> None:
    """For the whole run."""
    del config
    ConnectorProcess.environment = environment_with_debug  # type: ignore[method-assign]
    ConnectorProcess.finish = search_and_finish  # type: ignore[method-assign]
    ConnectorProcess.close = close_and_search  # type: ignore[method-assign]


def environment_with_debug(process: ConnectorProcess) -> Mapping[str, str]:
    return {**_environment(process), "LOG_LEVEL": "DEBUG"}


def search_and_finish(
    process: ConnectorProcess, signum: signal.Signals = signal.SIGTERM, within_s: float = STOP_S
) -> int | None:
    """As `finish`; fails the test where something has leaked into what a service takes along when it ends."""
    search_for_leaks(process, {**of_files(process), **of_processes(process)})
    return _finish(process, signum, within_s)


def close_and_search(process: ConnectorProcess) -> None:
    """As `close`; fails the test where something has leaked."""
    try:
        if process.log_file.exists():
            search_for_leaks(process, shown_by(process))
    finally:
        _close(process)


def shown_by(process: ConnectorProcess) -> Sources:
    """What it has left, and where it still runs, the dump and what the kernel tells of it."""
    return {**of_files(process), **of_processes(process), "dump": json.dumps(process.tree()).encode()}


def search_for_leaks(process: ConnectorProcess, sources: Sources) -> None:
    """Of what was sent, and of the secrets that its settings name; raises Leaked."""
    if found := search(sources, SENT | keys_of(process.settings)):
        raise Leaked(found)


def keys_of(settings: Mapping[str, str]) -> dict[str, str]:
    """What is in the files that the settings name: the seed, the password of Postgres, the key of mutual TLS."""
    lines = {
        name: Path(settings[name]).read_text().splitlines()
        for name in ("NATS_NKEY_SEED_FILE", "PGPASSFILE", "OPERATOR_MANAGEMENT_KEY_FILE")
        if settings.get(name)
    }
    values = {name: content[min(1, len(content) - 1)].rpartition(":")[2] for name, content in lines.items()}
    return {name: value for name, value in values.items() if value}
