"""The documents against the code: tables that stand there once, links that lead somewhere, proofs that exist."""

import ast
import re
from collections.abc import Iterator
from configparser import ConfigParser
from pathlib import Path

import msgspec
import pytest
from document_tables import rows_below
from msgspec import NODEFAULT, Struct
from msgspec.structs import FieldInfo, fields

from adapters.telemetry.metric_table import METRICS
from adapters.telemetry.span_table import SPANS
from config.answers import Action
from config.operators import Credentials, Endpoint, OperatorConfig
from config.settings import SETTINGS, Setting
from core.answers import ACTIONS
from core.inbound import DIALECTS
from core.verdict import is_final
from messages.dispatch import Dispatch
from messages.events import DeadDispatchEvent, DeliveryStatus, DlrInboundEvent, MoInboundEvent, OperatorHealthEvent
from smpp.constants import CommandStatus, MessageState
from smpp.receipts import stat_of

ROOT = Path(__file__).parents[2]
CONTRACTS, LOGS, READINESS = (ROOT / "docs" / f"{name}.md" for name in ("contracts", "logs", "readiness"))
ANSWERS, RECEIPTS = ROOT / "docs" / "answers.md", ROOT / "docs" / "receipts.md"
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("tests/*.md")])
SOURCES = [
    path for name in ("actors", "adapters", "cli", "config", "core", "messages") for path in (ROOT / name).rglob("*.py")
]
READINESS_IDS = [
    *[f"F{number}" for number in range(1, 14)],
    *[f"T{number}" for number in range(1, 5)],
    *[f"S{number}" for number in range(1, 7)],
    *[f"O{number}" for number in range(1, 5)],
    *[f"D{number}" for number in range(1, 5)],
    *[f"P{number}" for number in range(1, 5)],
    *[f"C{number}" for number in range(1, 4)],
]

NAMED_FILE = r"`((?:actors|adapters|cli|config|core|loadtest|messages|sandbox|smpp|tests)/[^`\s]*)`"

EVENT_ARGUMENT = {"log_event": 2, "_note": 1, "log": 1}
"""Which argument names the event, by the function that logs it; the level is the one before."""

LEVEL_OF_CALLER = "varies"


def test_the_settings_are_those_of_the_table():
    expected = [(f"`{row.name}`", row.meaning, _default_of_setting(row)) for row in SETTINGS]
    assert rows_below(CONTRACTS, "## Settings (environment)") == expected


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("### OperatorConfig", OperatorConfig),
        ("### Endpoint", Endpoint),
        ("### Credentials", Credentials),
        ("### Dispatch, published by the platform at `sms.dispatch.<operator_id>`", Dispatch),
    ],
)
def test_what_we_are_sent_has_the_names_and_defaults_of_the_code(heading, struct):
    assert [row[:2] for row in rows_below(CONTRACTS, heading)] == list(_names_and_defaults(struct))


@pytest.mark.parametrize(
    ("heading", "struct"),
    [
        ("### `sms.dlr.inbound`", DlrInboundEvent),
        ("### `operator.health`", OperatorHealthEvent),
        ("### `sms.mo.inbound`", MoInboundEvent),
        ("### `sms.dead.dispatch`", DeadDispatchEvent),
    ],
)
def test_events_have_the_fields_of_the_code(heading, struct):
    assert [row[0] for row in rows_below(CONTRACTS, heading)] == [f"`{one.encode_name}`" for one in fields(struct)]


def test_the_answers_are_those_of_the_table():
    expected = [(f"0x{int(one):08x}", f"`{one.name}`", ACTIONS[one].value) for one in sorted(CommandStatus, key=int)]
    assert rows_below(ANSWERS, "## The table") == expected


def test_the_words_of_receipts_are_those_of_the_table():
    words = {name: DeliveryStatus[state.name] for state in MessageState for name in (stat_of(state), state.name)}
    expected = [
        (f"`{word}`", status.value, "yes" if is_final(status) else "no") for word, status in (words | DIALECTS).items()
    ]
    assert [row[:3] for row in rows_below(RECEIPTS, "## Words of stat")] == expected


def test_every_action_is_explained():
    assert {row[0] for row in rows_below(ANSWERS, "# Answers")} == {action.value for action in Action}


def test_the_metrics_are_those_of_the_table():
    expected = [(f"`{one.name}`", one.kind.value, ", ".join(one.labels) or "none") for one in METRICS]
    assert rows_below(CONTRACTS, "### Metrics") == expected


def test_the_spans_are_those_of_the_table():
    expected = [(f"`{one.name}`", one.role.value, ", ".join(f"`{name}`" for name in one.attributes)) for one in SPANS]
    assert rows_below(ROOT / "docs" / "traces.md", "## Spans") == expected


def test_metrics_that_nothing_sets_are_owned_up_to():
    sources = [path.read_text() for path in SOURCES if path.name != "metric_table.py"]
    unset = {one.name for one in METRICS if not any(f'"{one.name}"' in source for source in sources)}
    (line,) = re.findall(r"^- Nothing sets these metrics: (.*)$", CONTRACTS.read_text(), re.MULTILINE) or [""]
    assert set(re.findall(r"`(smpp_\w+)`", line)) == unset


def test_every_dependency_has_its_pin_and_its_reason():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    rows = rows_below(ROOT / "docs/decisions/0012-dependencies.md", "**Decision.**")
    explained = [f"{name} {pin}" for name, pin, _why in rows if ":" not in name]
    assert explained == setup["options"]["install_requires"].split("\n")[1:]


def test_every_event_of_the_log_is_explained():
    logged = {event for source in SOURCES for event in _events_logged_in(source)}
    assert sorted(row[:2] for row in rows_below(LOGS, "## Events")) == sorted(logged)


def test_every_row_of_the_readiness_list_is_there():
    assert [row[0] for row in rows_below(READINESS, "# Readiness")] == READINESS_IDS


def test_every_row_of_the_readiness_list_is_proven_by_something_or_open():
    rows = rows_below(READINESS, "# Readiness")
    unproven = [row[0] for row in rows if "open" not in row[2] and not re.search(r"`(make |tests/)", row[2])]
    assert unproven == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: str(path.relative_to(ROOT)))
def test_links_files_tests_and_targets_exist(document):
    text = document.read_text()
    links = [link for link in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in link]
    missing = [link for link in links if not (document.parent / link).exists()]
    missing += [named for named in re.findall(NAMED_FILE, text) if not _exists(named)]
    targets = set(re.findall(r"^([\w-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    missing += [target for target in re.findall(r"`make ([\w-]+)", text) if target not in targets]
    assert missing == []


def _default_of_setting(row: Setting) -> str:
    return "required" if row.required else row.default or "none"


def _names_and_defaults(struct: type[Struct], prefix: str = "") -> Iterator[tuple[str, str]]:
    for field in fields(struct):
        if isinstance(field.type, type) and issubclass(field.type, Struct):
            yield from _names_and_defaults(field.type, f"{prefix}{field.encode_name}.")
        else:
            yield f"`{prefix}{field.encode_name}`", _default_of_field(field)


def _default_of_field(field: FieldInfo) -> str:
    if field.required:
        return "required"
    default = field.default_factory() if field.default is NODEFAULT else field.default
    return "none" if default is None else msgspec.json.encode(default).decode().strip('"') or "empty"


def _events_logged_in(source: Path) -> Iterator[tuple[str, str]]:
    """Event and level of each call that names both."""
    for call in ast.walk(ast.parse(source.read_text())):
        name = getattr(call.func, "attr", getattr(call.func, "id", "")) if isinstance(call, ast.Call) else ""
        position = EVENT_ARGUMENT.get(name)
        if position is not None and len(call.args) > position and _is_text(call.args[position]):
            yield f"`{call.args[position].value}`", _level(call.args[position - 1])


def _is_text(argument: ast.expr) -> bool:
    return isinstance(argument, ast.Constant) and isinstance(argument.value, str)


def _level(argument: ast.expr) -> str:
    return argument.attr if isinstance(argument, ast.Attribute) and argument.attr.isupper() else LEVEL_OF_CALLER


def _exists(named: str) -> bool:
    """A path, or path::test."""
    path, _, test = named.partition("::")
    file = ROOT / path
    return file.exists() and (not test or f"def {test}(" in file.read_text())
