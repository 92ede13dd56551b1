"""What stands in docs/runbook.md: its sections, and the commands that it tells people to run."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

RUNBOOK = Path(__file__).parents[2] / "docs" / "runbook.md"
NEEDS_A_CLUSTER = ("kubectl ", "helm ")

_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_SECTION = re.compile(r"^## (.+?)\n(.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)
_BLOCK = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


class Command(NamedTuple):
    section: str
    line: str


def anchors(page: Path = RUNBOOK) -> list[str]:
    """Of its headings, as renderers of Markdown make them."""
    return [anchor(heading) for heading in _HEADING.findall(page.read_text())]


def anchor(heading: str) -> str:
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def sections() -> dict[str, str]:
    """Their texts."""
    return dict(_SECTION.findall(RUNBOOK.read_text()))


def commands() -> Iterator[Command]:
    """Each once in a section."""
    for section, text in sections().items():
        lines = [line for block in _BLOCK.findall(text) for line in block.splitlines()]
        yield from (Command(section, line) for line in dict.fromkeys(lines))
