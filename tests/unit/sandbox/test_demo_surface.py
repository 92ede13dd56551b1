"""What the user of the demonstration sees and presses: flags, progress, Ctrl-C."""

import argparse
import asyncio
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from sandbox.demo import display
from sandbox.demo.command import add_arguments
from sandbox.demo.connector import last_warnings
from sandbox.demo.dispatches import compose
from sandbox.demo.display import display_for
from sandbox.demo.interruption import Interruption

MESSAGES = compose(4, ["alpha", "bravo"])


def parsed(*words: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    add_arguments(parser)
    return parser.parse_args(words)


def shown_on(console: Console) -> str:
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


class TestFlags:
    def test_a_thousand_messages_unless_said_otherwise(self) -> None:
        assert parsed() == argparse.Namespace(messages=1000, rate=150, image=None)

    def test_count_rate_and_image(self) -> None:
        options = parsed("--messages", "60", "--rate", "0.5", "--image", "smpp-connector:0.1.0")
        assert options == argparse.Namespace(messages=60, rate=0.5, image="smpp-connector:0.1.0")

    @pytest.mark.parametrize(
        ("words", "complaint"),
        [
            (("--messages", "0"), "argument --messages: expected 1..1000000"),
            (("--messages", "1000001"), "argument --messages: expected 1..1000000"),
            (("--messages", "few"), "argument --messages: expected 1..1000000"),
            (("--rate", "0"), "argument --rate: expected a number above 0"),
            (("--rate", "inf"), "argument --rate: expected a number above 0"),
            (("--rate", "fast"), "argument --rate: expected a number above 0"),
        ],
    )
    def test_nonsense_is_refused(
        self, words: tuple[str, ...], complaint: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        with pytest.raises(SystemExit, match="2"):
            parsed(*words)
        assert capsys.readouterr().err.endswith(f"error: {complaint}\n")


class TestProgress:
    def test_without_a_terminal_the_end_is_one_line(self) -> None:
        console = Console(file=StringIO())
        with display_for(console, MESSAGES) as progress:
            progress.show(3, ["demo-000001", "demo-000003"])
            progress.show(4, ["demo-000001", "demo-000002", "demo-000003", "demo-000004", "somebody else's"])
        assert shown_on(console) == "  published 4/4, alpha 2/2, bravo 2/2\n"

    def test_a_line_comes_when_it_is_due_and_only_with_news(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(display, "LINE_EVERY_S", 0.0)
        console = Console(file=StringIO())
        with display_for(console, MESSAGES) as progress:
            progress.show(1, [])
            progress.show(1, [])
            progress.show(2, ["demo-000002"])
        assert shown_on(console).splitlines() == [
            "  published 1/4, alpha 0/2, bravo 0/2",
            "  published 2/4, alpha 0/2, bravo 1/2",
        ]

    def test_a_terminal_gets_a_bar_for_each(self) -> None:
        console = Console(file=StringIO(), force_terminal=True, color_system=None, width=100)
        with display_for(console, MESSAGES) as progress:
            progress.show(3, ["demo-000001"])
        last_drawn = dict(re.findall(r"(published|alpha|bravo) .*? (\d/\d) ", shown_on(console)))
        assert last_drawn == {"published": "3/4", "alpha": "1/2", "bravo": "0/2"}


class TestInterruption:
    @pytest.fixture(autouse=True)
    def _handlers_stay(self) -> Iterator[None]:
        """Whoever runs the tests may ignore SIGHUP, as nohup does."""
        before = {signum: signal.getsignal(signum) for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
        signal.signal(signal.SIGHUP, signal.SIG_DFL)
        yield
        for signum, handler in before.items():
            signal.signal(signum, handler)

    @pytest.mark.parametrize("signum", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_the_first_signal_interrupts(self, signum: signal.Signals) -> None:
        with pytest.raises(KeyboardInterrupt), Interruption():
            signal.raise_signal(signum)

    def test_later_ones_do_not_disturb_the_clearing_away(self) -> None:
        cleared = []

        @contextmanager
        def cleared_away() -> Iterator[None]:
            try:
                yield
            finally:
                signal.raise_signal(signal.SIGINT)
                signal.raise_signal(signal.SIGTERM)
                cleared.append(True)

        with pytest.raises(KeyboardInterrupt), Interruption(), cleared_away():
            signal.raise_signal(signal.SIGINT)
        assert cleared == [True]

    def test_work_under_way_is_cancelled_and_may_clear_away(self) -> None:
        cleared = []

        async def work() -> None:
            asyncio.get_running_loop().call_soon(signal.raise_signal, signal.SIGINT)
            try:
                await asyncio.Event().wait()
            finally:
                await asyncio.sleep(0)
                cleared.append(True)

        with Interruption() as interruption, pytest.raises(KeyboardInterrupt):
            interruption.run(work())
        assert cleared == [True]

    def test_one_that_was_swallowed_comes_out_before_the_next_work(self) -> None:
        async def work() -> None:
            raise AssertionError("must not begin")

        with Interruption() as interruption:
            with suppress(KeyboardInterrupt):  # as Python does in finalizers, and in some places of an import
                signal.raise_signal(signal.SIGINT)
            with pytest.raises(KeyboardInterrupt):
                interruption.run(work())

    def test_work_that_nobody_interrupts_gives_its_result(self) -> None:
        async def work() -> int:
            return 7

        before = signal.getsignal(signal.SIGINT)
        with Interruption() as interruption:
            assert interruption.run(work()) == 7
        assert signal.getsignal(signal.SIGINT) is before


class TestConnectorLog:
    def test_the_last_grave_lines_are_found_in_their_order(self, tmp_path: Path) -> None:
        grave = [
            '{"level":"WARNING","event":"a"}',
            "Traceback (most recent call last):",
            '{"level":"ERROR","event":"b"}',
        ]
        log_file = tmp_path / "connector.log"
        log_file.write_text("\n".join(['{"level":"ERROR"}', *grave, '{"level":"INFO"}']))
        assert last_warnings(log_file, 3) == grave

    def test_without_a_log_there_are_none(self, tmp_path: Path) -> None:
        assert last_warnings(tmp_path / "connector.log", 3) == []
