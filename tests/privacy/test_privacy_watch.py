"""The watch of `make privacy` fails a test whose service has leaked: one that finds nothing would prove anything."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import privacy_watch
import pytest
from connector_process import ConnectorProcess
from privacy_watch import SENT, Leaked
from trial_process import TrialProcess

KEYS = {
    "NATS_NKEY_SEED_FILE": "SUAEXAMPLESEED\n",
    "PGPASSFILE": "127.0.0.1:5432:smpp:smpp:example-password\n",
    "OPERATOR_MANAGEMENT_KEY_FILE": "-----BEGIN PRIVATE KEY-----\nMIGHAgEAexample\n-----END PRIVATE KEY-----\n",
}
"""Files of secrets by the setting that names them."""


@pytest.fixture(autouse=True)
def watch(monkeypatch: pytest.MonkeyPatch, pytestconfig: pytest.Config) -> None:
    """As with `-p privacy_watch`, for one test."""
    for name in ("environment", "finish", "close"):
        monkeypatch.setattr(ConnectorProcess, name, getattr(ConnectorProcess, name))
    privacy_watch.pytest_configure(pytestconfig)


class ProcessWithTitle(TrialProcess):
    """Everything that is sent stands in its command."""

    def command(self) -> Sequence[str | Path]:
        return [*super().command(), *SENT.values()]


class ProcessWithDump(TrialProcess):
    """Everything that is sent stands in its dump."""

    def tree(self) -> dict[str, object]:
        return {"name": "connector", "children": [], **SENT}


def into_the_log(process: TrialProcess) -> None:
    with process.log_file.open("a") as log:
        print(json.dumps({"event": "planted", **SENT}), file=log)


def into_a_file(process: TrialProcess) -> None:
    (process.runtime_dir / "submits" / "planted").write_text(json.dumps(SENT))


def nowhere(process: TrialProcess) -> None:
    assert process.running


@pytest.mark.parametrize("end", [nowhere, TrialProcess.finish], ids=["killed", "stopped"])
def test_a_service_that_leaks_nothing_ends_as_ever(end: Callable[[TrialProcess], object]):
    with TrialProcess({}) as process:
        end(process)

        assert any(line["level"] == "DEBUG" for line in process.log)


@pytest.mark.parametrize(
    ("kind", "plant", "source"),
    [
        pytest.param(TrialProcess, into_the_log, "/smpp-connector.log", id="log line"),
        pytest.param(TrialProcess, into_a_file, "/submits/planted", id="file"),
        pytest.param(ProcessWithTitle, nowhere, "/cmdline", id="process title"),
        pytest.param(ProcessWithDump, nowhere, "dump", id="dump"),
    ],
)
def test_all_that_is_planted_fails_the_test(
    kind: type[TrialProcess], plant: Callable[[TrialProcess], None], source: str
):
    with pytest.raises(Leaked) as leaked, kind({}) as process:
        plant(process)

    assert {one.mark for one in leaked.value.findings if one.source.endswith(source)} == set(SENT)


def test_what_a_service_would_take_along_is_searched_before_it_is_stopped():
    with TrialProcess({}) as process:
        into_a_file(process)
        with pytest.raises(Leaked):
            process.finish()
        (process.runtime_dir / "submits" / "planted").unlink()


def test_the_keys_that_its_settings_name_are_searched_for(tmp_path: Path):
    for name, content in KEYS.items():
        (tmp_path / name).write_text(content)
    settings = {name: str(tmp_path / name) for name in KEYS}

    with pytest.raises(Leaked) as leaked, TrialProcess(settings) as process, process.log_file.open("a") as log:
        print(json.dumps({"event": "SUAEXAMPLESEED example-password MIGHAgEAexample"}), file=log)

    assert {one.mark for one in leaked.value.findings} == set(KEYS)
