"""The demonstration as its user starts it, to its end and interrupted on the way."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
from waiting import wait_until

from sandbox.demo.cast import CAST, Role
from sandbox.demo.dispatches import DemoMessage, compose
from sandbox.process_tree import Process, await_gone, process_tree, signal_all
from smpp.composing import Composer, TextRules
from smpp.segments import LongMessages

RUN_S = 60.0
END_S = 20.0
GONE_S = 2.0
MOMENTS = ("starting NATS", "starting the simulated operators", "smpp-connector run", r"published \d+/\d+, alpha [1-9]")

ROW = re.compile(r"│ (\w+) +│ ([^│]*?) +│ +(\d+) │ +(\d+) │ +(\d+) │")  # binds, submitted, segments, delivered
BINDS = {"alpha": "1 TRX", "bravo": "1 TX + 1 RX", "carlo": "1 TRX"}
LONG_MESSAGES = {"alpha": LongMessages.UDH8, "bravo": LongMessages.UDH8, "carlo": LongMessages.UDH16}


class Demo:
    """A running demonstration with a temp folder of its own, in which it must leave nothing."""

    def __init__(self, *flags: str) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="demo-test-"))
        self._output = self._folder / "output"
        self.temporary = self._folder / "tmp"
        for folder in (self._folder, self.temporary):
            folder.mkdir(exist_ok=True)
            folder.chmod(0o711)  # started by root, postgres runs as another user, who must get through
        with self._output.open("w") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "cli.main", "sandbox", "demo", *flags],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "TMPDIR": str(self.temporary)},
            )

    @property
    def output(self) -> str:
        return self._output.read_text()

    def wait_for(self, pattern: str) -> None:
        wait_until(lambda: self.process.poll() is not None or re.search(pattern, self.output), RUN_S, pattern)
        assert self.process.poll() is None, self.output

    def processes(self) -> list[Process]:
        """The demonstration's own and all that work in its temp folder or know of it."""
        mark = os.fsencode(self.temporary)
        pids = [int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdecimal()]
        return [process_tree(pid)[0] for pid in pids if mark in _traces(pid) and process_tree(pid)]

    def left_over(self) -> tuple[list[Process], list[Path]]:
        """Processes that are still there GONE_S from now, and what is in the temp folder."""
        await_gone(self.processes(), GONE_S)
        return self.processes(), list(self.temporary.iterdir())

    def close(self) -> None:
        """Kill what is left and remove the folder."""
        signal_all(self.processes(), signal.SIGKILL)
        self.process.wait()
        shutil.rmtree(self._folder)


@pytest.fixture(scope="module")
def finished() -> Iterator[Demo]:
    """A demonstration that has come to its end."""
    with closing(Demo("--messages", "60")) as demo:
        demo.process.wait(RUN_S)
        yield demo


@pytest.fixture
def running() -> Iterator[Demo]:
    """A demonstration that takes long enough to be interrupted anywhere."""
    with closing(Demo("--messages", "1000")) as demo:
        yield demo


@pytest.mark.slow
def test_when_all_is_well_it_says_so_and_leaves_nothing(finished: Demo) -> None:
    assert finished.process.returncode == 0, finished.output
    assert finished.left_over() == ([], [])
    last_line = finished.output.splitlines()[-1]
    assert last_line.endswith("all 60 messages got exactly one final event, and each was sent once and whole")


@pytest.mark.slow
def test_the_table_counts_every_message_and_segment(finished: Demo) -> None:
    messages = compose(60, [role.operator_id for role in CAST])
    assert ROW.findall(finished.output) == [*(_row_of(role, messages) for role in CAST), _row_of_all(messages)]


@pytest.mark.slow
def test_the_tree_of_the_running_service_is_shown(finished: Demo) -> None:
    _, _, dump = finished.output.partition("smpp-connector dump")
    for actor in ("connector", "dispatch-router", "operator@alpha", "session@bravo@0.0", "receipt-publisher"):
        assert re.search(rf"{actor}  (running|bound)", dump), dump


@pytest.mark.slow
@pytest.mark.parametrize("moment", MOMENTS)
def test_ctrl_c_at_any_moment_leaves_nothing(running: Demo, moment: str) -> None:
    running.wait_for(moment)
    assert running.processes() != []
    running.process.send_signal(signal.SIGINT)
    assert running.process.wait(END_S) == 130, running.output
    assert running.left_over() == ([], [])
    assert running.output.splitlines()[-1] == "interrupted: everything is stopped and removed"
    assert "Traceback" not in running.output


def _row_of(role: Role, messages: Sequence[DemoMessage]) -> tuple[str, ...]:
    own = [message for message in messages if message.operator_id == role.operator_id]
    segments = sum(_segments(message) for message in own)
    return role.operator_id, BINDS[role.operator_id], str(len(own)), str(segments), str(len(own))


def _row_of_all(messages: Sequence[DemoMessage]) -> tuple[str, ...]:
    return "all", "", str(len(messages)), str(sum(map(_segments, messages))), str(len(messages))


def _segments(message: DemoMessage) -> int:
    return len(Composer(TextRules(), LONG_MESSAGES[message.operator_id]).compose(message.text).contents)


def _traces(pid: int) -> bytes:
    """Where a process works, its command line and its environment; empty for a zombie and when it is gone."""
    try:
        folder = Path(f"/proc/{pid}")
        traces = [(folder / name).read_bytes() for name in ("cmdline", "environ")]
        return b"\0".join([*traces, os.fsencode(os.readlink(folder / "cwd"))])
    except OSError:
        return b""
