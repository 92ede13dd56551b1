"""The traits of a character as flags of the command line."""

import argparse
from dataclasses import fields

from sandbox.smsc.character import Character, changed
from sandbox.smsc.traits import shown, traits_of

CHANGEABLE = "Each of these can also be changed while the simulator runs, see docs/simulator.md."


def add_flags(parser: argparse.ArgumentParser) -> None:
    """One flag for each trait, e.g. `--answer-delay-s 0.1` for answer_delay_s."""
    group = parser.add_argument_group("behaviour", CHANGEABLE)
    traits = traits_of(Character)
    for field in fields(Character):
        group.add_argument(_flag(field.name), metavar="VALUE", help=_help(traits[field.name].help, field.default))


def character_of(flags: argparse.Namespace) -> Character:
    """The character that the flags describe; BadTraits, with every problem, where one is wrong."""
    given = {field.name: getattr(flags, field.name) for field in fields(Character)}
    return changed(Character(), {name: value for name, value in given.items() if value is not None})


def _flag(name: str) -> str:
    return "--" + name.replace("_", "-")


def _help(text: str, default: object) -> str:
    default = shown(default)
    if isinstance(default, dict):
        default = ",".join(f"{name}={value:g}" for name, value in default.items())
    whole = text if default in ("", []) else f"{text} (default: {default})"
    return whole.replace("%", "%%")
