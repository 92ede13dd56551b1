"""The status tree as lines for people."""

import io
from datetime import datetime, timedelta
from typing import Any

import pytest
from rich.console import Console
from status_tree import AT, REFUSED, SINCE, Node, lost_operator, lost_session, node, operator, service, session, silent

from actors.overview import overview
from cli.dump_rendering import ASCII_LINES, LINES, Guides, branch_of, render
from cli.dump_words import age

NOW = datetime.fromisoformat(AT)


def drawn(tree: Node, guides: Guides = LINES, width: int | None = None, **terminal: Any) -> str:
    output = io.StringIO()
    lines = render(tree, overview(tree, AT), guides, width)
    Console(file=output, width=width or 80, highlight=False, **terminal).print(*lines, sep="\n", soft_wrap=True)
    return output.getvalue()


def test_a_service_is_drawn_as_the_verdict_and_the_tree_with_figures():
    assert drawn(service(operator())) == (
        "healthy: 1 operator bound, 5 actors running\n"
        "pod-1, version 1.2.3, 2026-01-02 12:00:00 UTC\n"
        "connector  running for 1m 30s, pid 4711\n"
        "│  connector id pod-1, version 1.2.3\n"
        "├─ dispatch-router  running for 1m 30s, pid 4711\n"
        "│  │  operators known yes, nats connected\n"
        "│  └─ operator@alpha  bound for 1m 30s, pid 4711\n"
        "│     │  at its primary smsc.example:2775, sessions bound 1 of 1\n"
        "│     │  sends 12.5 of 100/s, window 3 of 200, queue 7, receipts waiting 2\n"
        "│     │  bind lease no limit, failovers 0, demand 40\n"
        "│     └─ session@alpha@0.0  bound TRX for 1m 30s, pid 4711\n"
        "│           primary smsc.example:2775\n"
        "│           window 3 of 200, receipts waiting 2, bind lease no limit, credentials version 1\n"
        "└─ health-publisher  running for 1m 30s, pid 4711\n"
    )


def test_what_is_wrong_comes_right_after_the_verdict_and_first_in_the_tree():
    text = drawn(service(operator(), lost_operator("bravo")))

    assert text.splitlines()[:2] == [
        "degraded: 1 of 2 operators down (bravo)",
        f"  bravo down for 1m 30s: primary smsc.example:2775: {REFUSED}; next try in 4 s",
    ]
    assert text.index("operator@bravo") < text.index("operator@alpha")


def test_a_session_that_is_not_bound_says_why_and_when_it_is_tried_again():
    branch = operator(lost_session(retry_in_s=2.5, lease="token 7"))

    assert (
        "   └─ session@alpha@0.0  not bound for 1m 30s, pid 4711\n"
        "         primary smsc.example:2775, next try in 2.5 s\n"
        f"         last error: {REFUSED}\n"
        "         window 3 of 200, receipts waiting 2, bind lease token 7, credentials version 1\n"
    ) in drawn(node("DispatchRouter", "dispatch-router", branch))


def test_the_last_error_of_an_operator_has_an_age():
    told = operator(last_error="enquire_link not answered", last_error_at="2026-01-02T11:00:00.000Z")

    assert "last error 1h 0m ago: enquire_link not answered\n" in drawn(told)


def test_an_actor_that_does_not_answer_shows_what_its_parent_knows():
    hanging = {**silent("OperatorActor", "operator@alpha"), "restarts": 2}

    assert drawn(hanging).splitlines()[-1] == "operator@alpha  no answer, pid 4711, restarts 2"


def test_a_figure_without_words_of_its_own_is_shown_as_it_is():
    assert "│  two words yes, unknown -, share 0.25\n" in drawn(
        node("Connector", "connector", node("Other", "other"), two_words=True, unknown=None, share=0.25)
    )


def test_without_a_terminal_there_are_no_colours():
    tree = service(operator(state="no answer"))

    assert "\x1b[" not in drawn(tree)
    assert "\x1b[1;31mdegraded" in drawn(tree, force_terminal=True, color_system="standard")


def test_a_terminal_without_utf_8_gets_a_tree_of_ascii():
    assert drawn(service(operator()), ASCII_LINES).isascii()


def test_neither_names_nor_errors_can_steer_the_terminal_or_style_the_text():
    hostile = "\x1b]0;owned\x07 [red]x[/red]"
    lost = lost_session(last_error=hostile, address=hostile)
    text = drawn(operator(lost, last_error=hostile, address=hostile, operator_name=hostile), force_terminal=True)

    assert "?]0;owned? [red]x[/red]" in text
    assert "\x1b]" not in text
    assert "\x07" not in text


def test_an_impaired_operator_says_since_when_it_is_bound():
    text = drawn(operator(slowed_sessions=1))

    assert "  alpha impaired: the operator asks for less: 1 of its sessions slowed down\n" in text
    assert "operator@alpha  impaired, bound for 1m 30s, pid 4711\n" in text


@pytest.mark.parametrize("width", [60, 80])
def test_lines_keep_to_the_width_of_a_terminal_and_lose_no_word(width: int):
    lost = lost_session(index="1.0", last_error=f"{REFUSED} by the operator")
    tree = service(operator(session(), lost, sessions_configured=2, last_error=REFUSED, last_error_at=SINCE))
    narrow, wide = drawn(tree, width=width), drawn(tree)

    assert max(map(len, narrow.splitlines())) <= width
    assert sorted(words_of(narrow)) == sorted(words_of(wide))


def words_of(text: str) -> list[str]:
    return [word.strip(",") for word in text.split() if not set(word) <= set("│├└─")]


def test_a_hundred_operators_have_a_verdict_of_one_line_in_a_terminal():
    down = [lost_operator(f"op{number}") for number in range(100)]

    assert len(drawn(service(*down), width=80).splitlines()[0]) <= 80


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
    alpha = operator()

    assert branch_of(service(alpha), "operator@alpha") == alpha
    assert branch_of(service(), "operator@alpha") is None
