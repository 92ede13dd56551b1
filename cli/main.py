"""The console script `smpp-connector`: finds the command and tells mistakes in one line each."""

import argparse
import importlib
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from types import ModuleType
from typing import NoReturn

from cli.command import ExitCode, complain
from config.settings import SettingsError
from config.version import version

COMMANDS = {
    "run": "the service",
    "dump": "live actor tree of the service that runs on this host",
    "migrate": "bring the Postgres schema up to date",
    "sweep": "remove expired correlations",
    "check": "validate the settings and reach each server",
    "send": "publish one dispatch message",
    "sandbox": "development only: embedded servers, a scriptable SMSC, an operator-management-service",
}


STDOUT = 1


class OneLineParser(argparse.ArgumentParser):
    """Tells a mistake in one line, without the usage."""

    def error(self, message: str) -> NoReturn:
        self.exit(ExitCode.USAGE, f"{self.prog}: {message} (see {self.prog} --help)\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code. --help and mistakes in the arguments raise SystemExit, as in argparse."""
    try:
        return _execute(sys.argv[1:] if arguments is None else arguments)
    except SettingsError as error:
        for problem in error.problems:
            complain(problem)
        return ExitCode.USAGE
    except KeyboardInterrupt:
        return ExitCode.FAILURE
    except BrokenPipeError:  # the reader of our output has seen enough, as in `dump | head`
        _say_no_more()
        return ExitCode.FAILURE
    except OSError as error:  # of a file or the output: what else can fail, the command tells in its own words
        complain(f"{error.strerror or type(error).__name__}{f': {error.filename}' if error.filename else ''}")
        _say_no_more()
        return ExitCode.FAILURE


def _execute(words: Sequence[str]) -> int:
    with _interrupts_end_at_once():
        chosen = next((word for word in words if not word.startswith("-")), None)
        module = importlib.import_module(f"cli.{chosen}") if chosen in COMMANDS else None
        args = _parser(chosen, module).parse_args(words)
    assert module is not None  # else the parser has refused it
    logging.getLogger().addHandler(logging.NullHandler())  # a command speaks for itself; `run` sets up its own logs
    exit_code = int(module.execute(args))
    if sys.stdout is not None:  # as it is under `>&-`
        sys.stdout.flush()  # when the interpreter ends, a failure could not be told any more
    return exit_code


def _parser(chosen: str | None, module: ModuleType | None) -> OneLineParser:
    """Knows the arguments of the chosen command only, so that no other one is imported."""
    parser = OneLineParser(prog="smpp-connector", description="Sends SMS from NATS JetStream over SMPP 3.4.")
    parser.add_argument("--version", action="version", version=f"smpp-connector {version()}")
    commands = parser.add_subparsers(dest="command", metavar="command", required=True)
    for name, summary in COMMANDS.items():
        of_command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name == chosen and module is not None:
            module.add_arguments(of_command)
    return parser


@contextmanager
def _interrupts_end_at_once() -> Iterator[None]:
    """While modules are loaded: there is nothing to clear away, and Python loses a KeyboardInterrupt in some places."""
    is_ours = signal.getsignal(signal.SIGINT) is signal.default_int_handler  # it may be ignored, as under nohup
    if is_ours:
        signal.signal(signal.SIGINT, signal.SIG_DFL)
    try:
        yield
    finally:
        if is_ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)


def _say_no_more() -> None:
    """Else the interpreter tries once more to write what is left, and tells of its failure."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), STDOUT)


if __name__ == "__main__":
    sys.exit(main())
