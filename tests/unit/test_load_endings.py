"""How load tests end: their exit codes, one line where they come to no figures, and no process left of them."""

import asyncio
import signal
from collections.abc import Iterator
from http.client import BadStatusLine
from pathlib import Path

import nats.errors
import psycopg
import pytest
from waiting import wait_until

from adapters.postgres.errors import DatabaseUnavailable
from loadtest.bench.rig import NeverHappened
from loadtest.exit_code import exit_code_of
from loadtest.sweep import measurement
from loadtest.sweep.measurement import Sweeps
from sandbox.binaries import BinaryMissing
from sandbox.child import ServerError
from sandbox.demo.interruption import Interruption

WITHIN_S = 20.0


@pytest.fixture(autouse=True)
def _handlers_stay() -> Iterator[None]:
    before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    yield
    for signum, handler in before.items():
        signal.signal(signum, handler)


@pytest.mark.parametrize("verdict", [0, 1])
def test_a_load_test_ends_with_its_own_verdict(verdict: int) -> None:
    assert exit_code_of(lambda _interruption: verdict) == verdict


@pytest.mark.parametrize(
    "error",
    [
        BinaryMissing("nats-server not found"),
        ServerError("postgres ended"),
        NeverHappened("the operators were not bound within 30 s"),
        DatabaseUnavailable("the connection to the database was lost"),
        psycopg.OperationalError("connection refused"),
        nats.errors.NoServersError(),
        BadStatusLine("no answer"),
        TimeoutError("no answer in time"),
        OSError("no space left on device"),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_did_not_come_about_is_one_line_and_exit_code_1(
    error: Exception, capsys: pytest.CaptureFixture[str]
) -> None:
    def fails(_interruption: Interruption) -> int:
        raise error

    assert exit_code_of(fails) == 1
    assert capsys.readouterr() == ("", f"{type(error).__name__}: {error}\n")


def test_a_bug_shows_itself() -> None:
    with pytest.raises(ZeroDivisionError):
        exit_code_of(lambda _interruption: 1 // 0)


@pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_said_and_exit_code_130(signum: signal.Signals, capsys: pytest.CaptureFixture[str]) -> None:
    def interrupted(interruption: Interruption) -> int:
        async def work() -> int:
            signal.raise_signal(signum)
            return await asyncio.get_running_loop().create_future()

        return interruption.run(work())

    assert exit_code_of(interrupted) == 130
    assert capsys.readouterr() == ("", "interrupted\n")


def test_sweeps_that_are_interrupted_are_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pids = tmp_path / "pids"
    pids.touch()
    monkeypatch.setattr(measurement, "program", lambda: ["sh", "-c", f"echo $$ >> {pids}; exec sleep 60"])

    async def interrupted() -> None:
        sweeping = asyncio.create_task(Sweeps(tmp_path, "no database", tmp_path).two_at_once())
        await asyncio.to_thread(wait_until, lambda: len(_lines(pids)) == 2, WITHIN_S, "two sweeps")
        sweeping.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sweeping

    asyncio.run(interrupted())

    assert [pid for pid in _lines(pids) if Path("/proc", pid).exists()] == []


def _lines(file: Path) -> list[str]:
    return file.read_text().split()
