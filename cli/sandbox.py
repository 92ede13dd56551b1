"""`smpp-connector sandbox ...`: what development needs and production never has."""

import argparse
import importlib
import sys

from cli.command import ExitCode, complain

COMMANDS = {
    "demo": ("sandbox.demo.command", "the main job on embedded servers, end to end"),
    "smsc": ("sandbox.smsc.command", "a scriptable SMSC"),
    "up": ("sandbox.up", "embedded servers and settings for `run`, until Ctrl-C"),
    "secrets": ("sandbox.cluster_secrets", "the Secrets of a sandbox on a Kubernetes cluster"),
    "operator-management": ("sandbox.operator_management", "an operator-management-service"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="sandbox_command", metavar="command", required=True)
    for name, (module, summary) in COMMANDS.items():
        of_command = commands.add_parser(name, help=summary, description=f"{summary[0].upper()}{summary[1:]}.")
        if name in sys.argv:  # no other is imported
            _add_arguments_of(module, of_command)


def _add_arguments_of(module: str, parser: argparse.ArgumentParser) -> None:
    try:
        importlib.import_module(module).add_arguments(parser)
    except ModuleNotFoundError as error:
        parser.set_defaults(missing=error.name)


def execute(args: argparse.Namespace) -> int:
    missing = getattr(args, "missing", None)
    if missing is not None:
        complain(f"{missing} is not installed; install smpp-connector[sandbox]")
        return ExitCode.USAGE
    module, _summary = COMMANDS[args.sandbox_command]
    return int(importlib.import_module(module).execute(args))
