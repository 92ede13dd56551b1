"""The status tree as a table for people."""

import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from rich.console import Console

from cli.dump_rendering import age, branch_of, is_healthy, render

NOW = datetime(2026, 1, 2, 12, 0, 0, tzinfo=UTC)


def node(name: str, *children: dict[str, Any], state: str = "running", **figures: Any) -> dict[str, Any]:
    return {
        "actor": "SomeActor",
        "name": name,
        "pid": 4711,
        "state": state,
        "since": "2026-01-02T11:58:30.000Z",
        "restarts": 0,
        **figures,
        "children": list(children),
    }


def drawn(tree: dict[str, Any], width: int = 120, **terminal: Any) -> str:
    output = io.StringIO()
    Console(file=output, width=width, **terminal).print(render(tree, NOW))
    return "\n".join(line.rstrip() for line in output.getvalue().splitlines())


def test_a_tree_is_drawn_with_its_branches_and_figures():
    tree = node(
        "connector",
        node("dispatch-router", node("operator@alpha", sessions_bound=2, tps={"limit": 100, "used": 7.5}), demand=40),
        node("health-publisher", last_event=None),
    )

    assert drawn(tree) == (
        "healthy: 4 actors running\n"
        "actor                 state    for      pid  restarts  figures\n"
        "connector             running  1m 30s  4711         0\n"
        "├─ dispatch-router    running  1m 30s  4711         0  demand 40\n"
        "│  └─ operator@alpha  running  1m 30s  4711         0  sessions_bound 2  tps (limit 100, used 7.5)\n"
        "└─ health-publisher   running  1m 30s  4711         0  last_event -"
    )


def test_what_does_not_run_is_in_the_headline():
    tree = node("connector", node("operator@alpha", state="degraded"), node("operator@beta", state="no answer"))

    assert drawn(tree).splitlines()[0] == "degraded: operator@alpha degraded, operator@beta no answer"


def test_an_actor_that_never_answered_has_no_age():
    tree = node("connector") | {"since": "", "state": "no answer"}

    assert drawn(tree).splitlines()[2] == "connector  no answer       4711         0"


def test_colours_are_for_terminals_only():
    tree = node("connector", state="degraded")

    assert "\x1b[" not in drawn(tree)
    assert "\x1b[33m" in drawn(tree, force_terminal=True, color_system="standard")


def test_names_can_neither_steer_the_terminal_nor_style_the_table():
    tree = node("connector", health="\x1b]0;owned\x07 [red]x[/red]")

    assert (
        drawn(tree, force_terminal=True, color_system=None).splitlines()[2].endswith("health ?]0;owned? [red]x[/red]")
    )


def test_figures_too_long_for_the_width_are_folded_not_lost():
    tree = node("connector", **{f"figure_{number}": number for number in range(12)})

    text = drawn(tree, width=80)

    assert all(f"figure_{number}" in text.replace("\n", "").replace(" ", "") for number in range(12))
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(
    ("passed", "words"),
    [
        (timedelta(seconds=0), "0s"),
        (timedelta(seconds=59), "59s"),
        (timedelta(minutes=61), "1h 1m"),
        (timedelta(days=3, minutes=5), "3d 0h"),
        (timedelta(seconds=-5), "0s"),
    ],
)
def test_an_age_has_its_two_greatest_units(passed: timedelta, words: str):
    assert age((NOW - passed).isoformat(), NOW) == words


@pytest.mark.parametrize("since", ["", "yesterday", "2026-01-02T11:58:30"])
def test_what_is_no_time_with_a_zone_has_no_age(since: str):
    assert age(since, NOW) == ""


def test_a_branch_is_found_wherever_it_is():
    alpha = node("operator@alpha", node("session@alpha@0"))

    assert branch_of(node("connector", node("dispatch-router", alpha)), "operator@alpha") == alpha
    assert branch_of(node("connector"), "operator@alpha") is None


@pytest.mark.parametrize(("state", "healthy"), [("running", True), ("draining", False), ("starting", False)])
def test_a_tree_is_healthy_when_its_last_leaf_is(state: str, healthy: bool):
    assert is_healthy(node("connector", node("dispatch-router", node("operator@alpha", state=state)))) is healthy
