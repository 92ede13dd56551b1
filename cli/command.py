"""What all commands share: exit codes, how a problem is told, and where settings come from.

A command is a module with `add_arguments(parser)` and `execute(args) -> int`; what is slow to import it imports inside.
"""

import argparse
import os
import sys
from collections.abc import Collection
from enum import IntEnum
from pathlib import Path

from config.settings import Settings, load_settings


class ExitCode(IntEnum):
    OK = 0
    FAILURE = 1
    DEGRADED = 1  # of dump
    USAGE = 2
    NOT_RUNNING = 3  # of dump


def complain(problem: str) -> None:
    """One line on standard error."""
    print(f"smpp-connector: {plain(problem)}", file=sys.stderr)


def plain(value: object) -> str:
    """Without control characters, which could steer the terminal."""
    return "".join(character if character.isprintable() else "?" for character in str(value))


def add_config_argument(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--config", type=Path, metavar="FILE", help="settings in YAML; the environment wins")


def settings_of(args: argparse.Namespace, only: Collection[str] | None = None) -> Settings:
    """Settings from the environment and --config. Raises SettingsError, which `main` tells."""
    return load_settings(os.environ, args.config, only=only)
