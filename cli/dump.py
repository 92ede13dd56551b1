"""`smpp-connector dump`: the live actor tree of the service that runs on this host."""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from cli.command import ExitCode, add_config_argument, complain, settings_of

if TYPE_CHECKING:
    from rich.console import Console

PERIOD_S = 2.0
WIDTH_OF_A_PIPE = 240  # columns, where no terminal tells

Node = dict[str, Any]
Show = Callable[[Node], None]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)
    parser.add_argument("--json", action="store_true", help="as JSON")
    parser.add_argument("--watch", action="store_true", help=f"again every {PERIOD_S:g} s, until Ctrl-C")
    parser.add_argument("--operator", metavar="ID", help="only the branch of this operator")


def execute(args: argparse.Namespace) -> int:
    from actors.inspection import collect_now

    runtime_dir = settings_of(args, only=["RUNTIME_DIR"]).runtime_dir
    code = ExitCode.OK
    with contextlib.suppress(KeyboardInterrupt), _output(args) as show:
        while True:
            code = _dump_once(collect_now(runtime_dir), args.operator, show)
            if code is ExitCode.NOT_RUNNING:
                complain(f"no service runs in {runtime_dir}")
            if code is ExitCode.USAGE:
                complain(f"the service has no operator {args.operator}")
            if not args.watch:
                break
            time.sleep(PERIOD_S)
    return code


def _dump_once(tree: Node | None, operator_id: str | None, show: Show) -> ExitCode:
    from actors.names import operator_name
    from cli.dump_rendering import branch_of, is_healthy

    if tree is None:
        return ExitCode.NOT_RUNNING
    shown = tree if operator_id is None else branch_of(tree, operator_name(operator_id))
    if shown is None:
        return ExitCode.USAGE
    show(shown)
    return ExitCode.OK if is_healthy(shown) else ExitCode.DEGRADED


@contextmanager
def _output(args: argparse.Namespace) -> Iterator[Show]:
    """Where a tree goes: JSON (one line each when watched), a live display, or plain tables one after the other."""
    if args.json:
        indent = None if args.watch else 2
        yield lambda tree: print(json.dumps(tree, indent=indent, ensure_ascii=False), flush=True)
        return
    from rich.live import Live

    from cli.dump_rendering import render

    console = _console()
    if args.watch and console.is_terminal:
        with Live(console=console, auto_refresh=False, vertical_overflow="visible") as live:
            yield lambda tree: live.update(render(tree, datetime.now(UTC)), refresh=True)
    else:
        yield lambda tree: console.print(render(tree, datetime.now(UTC)))


def _console() -> "Console":
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else WIDTH_OF_A_PIPE)
