"""Writes the README of a chart: its README.head.md, then a table of values.yaml.

    python helm/readme.py helm/smpp-connector

In values.yaml the comment directly above a key is its meaning. A mapping is a row of its own only where it has a
comment; its keys then are rows too.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import yaml

USERS_OWN = ("labels",)  # mappings whose keys are the user's: one row


class Value(NamedTuple):
    """default: as JSON; empty for a mapping whose keys are values themselves."""

    name: str
    default: str
    meaning: str


def values_of(chart: Path) -> Iterator[Value]:
    """All of them, in the order of the file."""
    text = (chart / "values.yaml").read_text()
    root = yaml.compose(text)
    assert isinstance(root, yaml.MappingNode)
    return _values(root, text.splitlines(), "")


def readme(chart: Path) -> str:
    """The whole text."""
    head = (chart / "README.head.md").read_text().rstrip()
    rows = "\n".join(_row(value) for value in values_of(chart) if value.default or value.meaning)
    return f"{head}\n\n## Values\n\n| value | default | meaning |\n|---|---|---|\n{rows}\n"


def _row(value: Value) -> str:
    default = f"`{value.default}`" if value.default else ""
    return f"| `{value.name}` | {default} | {value.meaning} |"


def _values(node: yaml.MappingNode, lines: list[str], prefix: str) -> Iterator[Value]:
    for key, value in node.value:
        name, meaning = f"{prefix}{key.value}", _comment_above(key.start_mark.line, lines)
        if isinstance(value, yaml.MappingNode) and value.value and key.value not in USERS_OWN:
            yield Value(name, "", meaning)
            yield from _values(value, lines, f"{name}.")
        else:
            yield Value(name, _as_json(value), meaning)


def _comment_above(line: int, lines: list[str]) -> str:
    words: list[str] = []
    while line > 0 and lines[line - 1].lstrip().startswith("#"):
        line -= 1
        words.insert(0, lines[line].strip().lstrip("# "))
    return " ".join(words)


def _as_json(node: yaml.Node) -> str:
    return json.dumps(yaml.SafeLoader("").construct_object(node, deep=True), ensure_ascii=False)


if __name__ == "__main__":
    for folder in map(Path, sys.argv[1:]):
        (folder / "README.md").write_text(readme(folder))
