"""`smpp-connector check`: are the settings valid, and does each server serve? All problems are listed."""

import argparse
import asyncio
import sys
from typing import TYPE_CHECKING

from cli.command import ExitCode, add_config_argument, settings_of
from config.settings import SettingsError

if TYPE_CHECKING:
    from cli.reach import Server

DEADLINE_S = 15.0  # for each server; all are tried at the same time


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)


def execute(args: argparse.Namespace) -> int:
    from cli.reach import SERVERS

    problems = _check_settings(args)
    problems += asyncio.run(_check_servers(SERVERS, args))
    return ExitCode.USAGE if problems else ExitCode.OK


def _check_settings(args: argparse.Namespace) -> int:
    try:
        settings_of(args)
    except SettingsError as error:
        for problem in error.problems:
            _tell_problem("settings", problem)
        return len(error.problems)
    _tell("settings", "valid")
    return 0


async def _check_servers(servers: "tuple[Server, ...]", args: argparse.Namespace) -> int:
    return sum(await asyncio.gather(*(_check_server(server, args) for server in servers)))


async def _check_server(server: "Server", args: argparse.Namespace) -> int:
    from cli.reach import Unusable

    try:
        settings = settings_of(args, only=server.settings)
        async with asyncio.timeout(DEADLINE_S):
            _tell(server.name, await server.reach(settings))
    except SettingsError:
        problems = ["not tried, see its settings"]
    except TimeoutError:
        problems = [f"no answer within {DEADLINE_S:g} s"]
    except Unusable as unusable:
        problems = list(unusable.problems)
    else:
        return 0
    for problem in problems:
        _tell_problem(server.name, problem)
    return len(problems)


def _tell(subject: str, finding: str) -> None:
    print(f"ok       {subject}: {finding}")


def _tell_problem(subject: str, problem: str) -> None:
    print(f"problem  {subject}: {problem}", file=sys.stderr)
