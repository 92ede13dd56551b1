"""`smpp-connector dump`: the live actor tree of the service that runs on this host."""

import argparse
import contextlib
import io
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.command import ExitCode, add_config_argument, complain, settings_of

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text

    from actors.overview import Overview

PERIOD_S = 2.0

Node = dict[str, Any]
Show = Callable[[Node, "Overview"], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--watch", action="store_true", help=f"again every {PERIOD_S:g} s, until Ctrl-C")
    parser.add_argument("--operator", metavar="ID", help="only the branch of this operator")


def execute(args: argparse.Namespace) -> int:
    runtime_dir = settings_of(args, only=["RUNTIME_DIR"]).runtime_dir
    code = ExitCode.OK
    with contextlib.suppress(KeyboardInterrupt), _output(args) as show:
        while True:
            code = _dump_once(runtime_dir, args.operator, show)
            if not args.watch:
                break
            time.sleep(PERIOD_S)
    return code


def _dump_once(runtime_dir: Path, operator_id: str | None, show: Show) -> ExitCode:
    from actors.inspection import collect_now
    from actors.names import operator_name
    from actors.overview import overview_now
    from cli.dump_rendering import branch_of

    try:
        tree = collect_now(runtime_dir)
    except PermissionError:
        complain(f"{runtime_dir} is another user's")
        return ExitCode.USAGE
    except NotADirectoryError:
        complain(f"{runtime_dir} is not the folder of a service")
        return ExitCode.USAGE
    if tree is None:
        complain(f"no service runs in {runtime_dir}")
        return ExitCode.NOT_RUNNING
    shown = tree if operator_id is None else branch_of(tree, operator_name(operator_id))
    if shown is None:
        complain(f"the service has no operator {operator_id}")
        return ExitCode.USAGE
    seen = overview_now(shown)
    show(shown, seen)
    return ExitCode.OK if seen.is_healthy else ExitCode.DEGRADED


@contextmanager
def _output(args: argparse.Namespace) -> Iterator[Show]:
    """Where a tree goes: JSON (one line each when watched), a live display, or plain lines one tree after the other."""
    if args.json:
        indent = None if args.watch else 2
        yield lambda tree, _: print(json.dumps(tree, indent=indent), flush=True)
        return
    from rich.console import Group
    from rich.live import Live

    console = _console()
    if args.watch and console.is_terminal and not console.is_dumb_terminal:
        with Live(console=console, auto_refresh=False) as live:
            yield lambda tree, seen: live.update(Group(*_top(_lines(tree, seen, console), console)), refresh=True)
    else:
        yield lambda tree, seen: console.print(*_lines(tree, seen, console), sep="\n", soft_wrap=True)


def _lines(tree: Node, seen: "Overview", console: "Console") -> "list[Text]":
    """Wrapped for a terminal; in a pipe each thing is on one line, for whoever looks for a word."""
    from cli.dump_rendering import ASCII_LINES, LINES, render

    guides = ASCII_LINES if console.options.ascii_only else LINES
    return render(tree, seen, guides, console.width if console.is_terminal else None)


def _top(lines: "list[Text]", console: "Console") -> "list[Text | str]":
    """What fits: a tree that is higher than the terminal cannot be drawn again in its place."""
    room = console.height - 2  # for the last line, and for the cursor below it
    left = len(lines) - room
    return [*lines] if left <= 0 else [*lines[:room], f"... {left} more lines; see one operator with --operator ID"]


def _console() -> "Console":
    from rich.console import Console

    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # where the locale has no such letter
    return Console(highlight=False)
