"""The commands: their arguments, their exit codes, and one clear line for each mistake."""

import io
import json
import signal
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console
from status_tree import lost_operator, service

from cli import reach, send
from cli.command import complain
from cli.main import COMMANDS, main
from cli.reach import Server, Unusable
from config.settings import SETTINGS, Settings
from messages.dispatch import Dispatch, RequestedEncoding

CURSOR_UP = "\x1b[1A"

OPERATOR = lost_operator("alpha")
TREE = service(OPERATOR)

# A command in a process of its own, for what it does to its standard output.
DUMPS_A_TREE = f"""
import actors.inspection, cli.main, sys
actors.inspection.collect_now = lambda _: {TREE!r}
sys.exit(cli.main.main(sys.argv[1:]))
"""


@pytest.fixture(autouse=True)
def no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for row in SETTINGS:
        monkeypatch.delenv(row.name, raising=False)
    monkeypatch.setenv("RUNTIME_DIR", str(tmp_path))


def exit_of(*arguments: str) -> int | str | None:
    with pytest.raises(SystemExit) as caught:
        main(arguments)
    return caught.value.code


def test_every_command_of_the_contract_is_offered(capsys: pytest.CaptureFixture[str]):
    assert exit_of("--help") == 0
    offered = capsys.readouterr().out

    assert list(COMMANDS) == ["run", "dump", "migrate", "sweep", "check", "send", "sandbox"]
    assert all(summary.split()[0] in offered for summary in COMMANDS.values())


def test_the_version_is_told(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("cli.main.version", lambda: "1.2.3")

    assert exit_of("--version") == 0
    assert capsys.readouterr().out == "smpp-connector 1.2.3\n"


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ([], "smpp-connector: the following arguments are required: command (see smpp-connector --help)"),
        (
            ["sweep", "--batch", "none"],
            "smpp-connector sweep: argument --batch: expected a number, 1 to 100000 (see smpp-connector sweep --help)",
        ),
        (["dump", "--yaml"], "smpp-connector: unrecognized arguments: --yaml (see smpp-connector --help)"),
    ],
)
def test_a_mistake_in_the_arguments_is_one_line(arguments: list[str], line: str, capsys: pytest.CaptureFixture[str]):
    assert exit_of(*arguments) == 2
    assert capsys.readouterr() == ("", f"{line}\n")


def test_an_unknown_command_is_one_line(capsys: pytest.CaptureFixture[str]):
    assert exit_of("dmup") == 2
    assert capsys.readouterr().err.startswith("smpp-connector: argument command: invalid choice: 'dmup' (choose from ")


def run_program(program: str) -> "subprocess.CompletedProcess[str]":
    """In an interpreter of its own, which finds what this one finds."""
    return subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": ":".join(sys.path)},
        timeout=30,
    )


def test_help_and_version_load_nothing_heavy():
    heavy = "{'nats', 'redis', 'psycopg', 'aiohttp', 'rich', 'thespian', 'prometheus_client', 'uvloop'}"
    program = (
        f"import sys, cli.main\ntry: cli.main.main(['--help'])\nfinally: sys.exit(str({heavy} & set(sys.modules)))"
    )

    run = run_program(program)

    assert run.stderr == "set()\n"


@pytest.mark.parametrize(
    "command", [["migrate"], ["sweep"], ["dump"], ["send", "--operator=a", "--to=491", "--from=B", "x"]]
)
def test_a_mistake_in_the_settings_file_is_one_line_and_exit_2(
    command: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "settings.yaml"
    file.write_text("HTTP_PROT: 1")

    assert main([*command, "--config", str(file)]) == 2
    assert capsys.readouterr() == (
        "",
        f"smpp-connector: {file}: unknown setting HTTP_PROT, did you mean HTTP_PORT?\n",
    )


@pytest.mark.parametrize("command", ["migrate", "sweep"])
def test_a_dsn_that_libpq_does_not_understand_is_a_mistake_of_the_user(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("POSTGRES_DSN", "host=db pasword=geheim")

    assert main([command]) == 2
    assert capsys.readouterr() == ("", "smpp-connector: POSTGRES_DSN is not a valid libpq connection string\n")


@pytest.mark.parametrize("dsn", ["postgresql://db:0/smpp", "host=a,b port=5432,99999", "port=five"])
def test_a_dsn_with_a_port_that_is_none_is_a_mistake_of_the_user(
    dsn: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("POSTGRES_DSN", dsn)

    assert main(["migrate"]) == 2
    assert capsys.readouterr() == ("", "smpp-connector: POSTGRES_DSN: expected ports, 1 to 65535\n")


@pytest.mark.parametrize("command", ["migrate", "sweep"])
def test_a_database_that_is_not_there_is_a_failure(
    command: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    monkeypatch.setenv("POSTGRES_DSN", f"host={tmp_path} dbname=smpp")

    assert main([command]) == 1
    out, err = capsys.readouterr()
    assert (out, err.count("\n")) == ("", 1)
    assert err.startswith("smpp-connector: connection ")
    assert err.endswith("No such file or directory\n")


def test_ctrl_c_is_a_failure_without_a_traceback(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    def interrupted(_: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr("cli.migrate.execute", interrupted)

    assert main(["migrate"]) == 1
    assert capsys.readouterr() == ("", "")


def test_ctrl_c_while_a_command_is_loaded_ends_it_at_once_without_a_word():
    program = (
        "import cli.main, cli.sandbox, os, signal\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"  # ignored where the tests run in the background
        "cli.sandbox.add_arguments = lambda _: os.kill(os.getpid(), signal.SIGINT)\n"
        "cli.main.main(['sandbox', 'demo'])"
    )

    run = run_program(program)

    assert (run.returncode, run.stdout, run.stderr) == (-signal.SIGINT, "", "")


@pytest.mark.parametrize("handler", [signal.default_int_handler, signal.SIG_IGN])
def test_a_command_finds_the_handling_of_ctrl_c_that_it_was_started_with(handler: Any, monkeypatch: pytest.MonkeyPatch):
    found: list[object] = []
    monkeypatch.setattr("cli.migrate.execute", lambda _: found.append(signal.getsignal(signal.SIGINT)) or 0)
    before = signal.signal(signal.SIGINT, handler)
    try:
        assert main(["migrate"]) == 0
    finally:
        signal.signal(signal.SIGINT, before)

    assert found == [handler]


def test_what_a_problem_quotes_cannot_steer_the_terminal_nor_make_a_second_line(capsys: pytest.CaptureFixture[str]):
    complain("no service runs in /tmp/\x1b[2J\nall is well")

    assert capsys.readouterr().err == "smpp-connector: no service runs in /tmp/?[2J?all is well\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full")
@pytest.mark.parametrize("command", [["dump"], ["dump", "--json"]])
def test_output_that_cannot_be_written_is_a_failure_in_one_line(command: list[str], tmp_path: Path):
    with open("/dev/full", "w") as full:
        result = subprocess.run(
            [sys.executable, "-c", DUMPS_A_TREE, *command],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={"PYTHONPATH": ":".join(sys.path), "RUNTIME_DIR": str(tmp_path)},
            timeout=30,
        )

    assert (result.returncode, result.stderr) == (1, "smpp-connector: No space left on device\n")


# send


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> list[Dispatch]:
    """What send would publish."""
    dispatches: list[Dispatch] = []

    async def publish(_: Settings, dispatch: Dispatch, wait_s: float | None) -> send.Sent:
        dispatches.append(dispatch)
        return send.Sent(is_new=len(dispatches) == 1)

    monkeypatch.setattr(send, "_publish", publish)
    return dispatches


def arguments_of_send(*more: str, operator: str = "alpha", to: str = "+49151", source: str = "Bank") -> list[str]:
    return ["send", "--operator", operator, "--to", to, "--from", source, *more]


def test_send_publishes_what_it_was_told_and_prints_the_message_id(
    published: list[Dispatch], capsys: pytest.CaptureFixture[str]
):
    options = ["--encoding", "ucs2", "--flash", "--priority", "2", "--no-dlr", "--message-id", "m-1"]
    metadata = ["--metadata", "tenant=acme", "--metadata", "note=a=b"]

    assert main(arguments_of_send(*options, *metadata, "Hello")) == 0

    assert capsys.readouterr() == ("m-1\n", "")
    assert published == [
        Dispatch(
            message_id="m-1",
            operator_id="alpha",
            to="+49151",
            source="Bank",
            text="Hello",
            encoding=RequestedEncoding.UCS2,
            priority=2,
            request_dlr=False,
            flash=True,
            metadata={"tenant": "acme", "note": "a=b"},
        )
    ]


def test_send_makes_up_a_message_id_each_time(published: list[Dispatch]):
    main(arguments_of_send("one"))
    main(arguments_of_send("two"))

    first, second = (dispatch.message_id for dispatch in published)
    assert first != second


def test_send_takes_the_text_from_standard_input(published: list[Dispatch], monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("two\nlines\n"))

    main(arguments_of_send())

    assert published[0].text == "two\nlines"


def test_send_without_a_text_and_without_standard_input_says_what_it_wants(
    published: list[Dispatch], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("sys.stdin", None)

    assert main(arguments_of_send()) == 2
    assert capsys.readouterr() == ("", "smpp-connector: text: expected as an argument or on standard input\n")
    assert published == []


def test_send_takes_bytes_for_binary(published: list[Dispatch]):
    main(arguments_of_send("--encoding", "binary", "--data", "00ff"))

    assert (published[0].data, published[0].text) == (b"\x00\xff", None)


def test_send_says_when_nats_has_dropped_a_repeat(published: list[Dispatch], capsys: pytest.CaptureFixture[str]):
    for _ in range(2):
        main(arguments_of_send("--message-id", "m-1", "x"))

    assert capsys.readouterr() == (
        "m-1\nm-1\n",
        "smpp-connector: this message_id was published a moment ago; NATS has dropped the repeat\n",
    )


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (
            arguments_of_send("x", operator="a.b"),
            "--operator: expected 1 to 64 letters, digits, underscores or hyphens",
        ),
        (
            arguments_of_send("x", to="0049 151"),
            "--to: expected a number in international form, 3 to 15 digits, + is optional",
        ),
        (arguments_of_send("x", source="a name too long"), "--from: expected up to 15 digits or up to 11 characters"),
        (arguments_of_send("--priority", "4", "x"), "--priority: expected 0 to 3"),
        (
            arguments_of_send("--message-id", "ü", "x"),
            "--message-id: expected 1 to 64 printable ASCII characters",
        ),
        (arguments_of_send("--metadata", "x", "x"), "--metadata: expected NAME=VALUE, all together at most 1 KiB"),
        (
            arguments_of_send("--metadata", "n=" + "x" * 1024, "x"),
            "--metadata: expected NAME=VALUE, all together at most 1 KiB",
        ),
        (arguments_of_send("--data", "00"), "--data: goes with --encoding binary, and only with it"),
        (arguments_of_send("--encoding", "binary", "x"), "--data: goes with --encoding binary, and only with it"),
        (arguments_of_send("--encoding", "binary", "--data", "00", "x"), "--data: expected no text beside it"),
        (
            arguments_of_send("--encoding", "binary", "--data", "0"),
            "--data: expected hexadecimal digits, two for each byte",
        ),
        (arguments_of_send("\udcff"), "text: expected UTF-8"),
        (arguments_of_send("x", source="\udcff"), "--from: expected UTF-8"),
        (arguments_of_send("--metadata", "n=\udcff", "x"), "--metadata: expected UTF-8"),
        (arguments_of_send("--message-id", "", "x"), "--message-id: expected 1 to 64 printable ASCII characters"),
    ],
)
def test_send_refuses_a_message_that_is_not_valid(
    arguments: list[str], problem: str, published: list[Dispatch], capsys: pytest.CaptureFixture[str]
):
    assert main(arguments) == 2
    assert capsys.readouterr() == ("", f"smpp-connector: {problem}\n")
    assert published == []


# check


def server(name: str, reach_it: Callable[[Settings], Awaitable[str]], *settings: str) -> Server:
    return Server(name, settings, reach_it)


async def fine(_: Settings) -> str:
    return "answers"


async def refusing(_: Settings) -> str:
    raise Unusable("first reason", "second reason")


async def silent(_: Settings) -> str:
    raise TimeoutError


def test_check_lists_every_problem_and_exits_2(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]):
    monkeypatch.setenv("REDIS_URL", "bad")
    servers = (
        server("good", fine),
        server("bad", refusing),
        server("silent", silent),
        server("untried", fine, "REDIS_URL"),
    )
    monkeypatch.setattr(reach, "SERVERS", servers)

    assert main(["check"]) == 2
    assert capsys.readouterr() == (
        "ok       good: answers\n",
        "problem  settings: REDIS_URL: expected a URL like redis://host:port or rediss://host:port\n"
        "problem  settings: OPERATOR_MANAGEMENT_URL: required, but not set\n"
        "problem  settings: OPERATOR_MANAGEMENT_CERT_FILE: required, but not set\n"
        "problem  settings: OPERATOR_MANAGEMENT_KEY_FILE: required, but not set\n"
        "problem  settings: OPERATOR_MANAGEMENT_CA_FILE: required, but not set\n"
        "problem  bad: first reason\n"
        "problem  bad: second reason\n"
        "problem  silent: no answer within 15 s\n"
        "problem  untried: not tried, see its settings\n",
    )


def test_check_exits_0_when_all_is_well(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    pem = tmp_path / "some.pem"
    pem.touch()
    monkeypatch.setenv("OPERATOR_MANAGEMENT_URL", "https://operators.example")
    for kind in ("CERT", "KEY", "CA"):
        monkeypatch.setenv(f"OPERATOR_MANAGEMENT_{kind}_FILE", str(pem))
    monkeypatch.setattr(reach, "SERVERS", (server("good", fine),))

    assert main(["check"]) == 0
    assert capsys.readouterr() == ("ok       settings: valid\nok       good: answers\n", "")


# dump


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any] | None]:
    """The trees that dump will find, one after the other; then someone presses Ctrl-C."""
    trees: list[dict[str, Any] | None] = []

    def collect(_: Path) -> dict[str, Any] | None:
        if not trees:
            raise KeyboardInterrupt
        return trees.pop(0)

    monkeypatch.setattr("actors.inspection.collect_now", collect)
    monkeypatch.setattr("cli.dump.PERIOD_S", 0)
    return trees


def healthy(tree: dict[str, Any]) -> dict[str, Any]:
    bound = {"bound": True} if "bound" in tree else {}
    return {**tree, **bound, "state": "running", "children": [healthy(child) for child in tree["children"]]}


@pytest.mark.parametrize(("tree", "code"), [(TREE, 1), (healthy(TREE), 0)])
def test_dump_exits_by_the_health_of_the_tree(tree: dict[str, Any], code: int, running: list[dict[str, Any] | None]):
    running.append(tree)

    assert main(["dump"]) == code


def test_dump_of_a_service_that_does_not_run_exits_3(
    running: list[dict[str, Any] | None], capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    running.append(None)

    assert main(["dump"]) == 3
    assert capsys.readouterr() == ("", f"smpp-connector: no service runs in {tmp_path}\n")


def test_dump_of_another_users_service_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
):
    def forbidden(_: Path) -> None:
        raise PermissionError

    monkeypatch.setattr("actors.inspection.collect_now", forbidden)

    assert main(["dump"]) == 2
    assert capsys.readouterr() == ("", f"smpp-connector: {tmp_path} is another user's\n")


def test_dump_of_a_file_in_place_of_a_folder_is_a_mistake(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setenv("RUNTIME_DIR", __file__)

    assert main(["dump"]) == 2
    assert capsys.readouterr() == ("", f"smpp-connector: {__file__} is not the folder of a service\n")


def test_dump_as_json_is_the_tree(running: list[dict[str, Any] | None], capsys: pytest.CaptureFixture[str]):
    running.append(TREE)

    main(["dump", "--json"])

    assert json.loads(capsys.readouterr().out) == TREE


def test_dump_of_one_operator_is_its_branch_and_its_health(
    running: list[dict[str, Any] | None], capsys: pytest.CaptureFixture[str]
):
    running.append({**healthy(TREE), "state": "degraded"})

    assert main(["dump", "--json", "--operator", "alpha"]) == 0
    assert json.loads(capsys.readouterr().out) == healthy(OPERATOR)


def test_dump_of_an_operator_that_is_not_there_is_a_mistake(
    running: list[dict[str, Any] | None], capsys: pytest.CaptureFixture[str]
):
    running.append(TREE)

    assert main(["dump", "--operator", "beta"]) == 2
    assert capsys.readouterr() == ("", "smpp-connector: the service has no operator beta\n")


def test_watching_as_json_is_a_line_each_until_ctrl_c(
    running: list[dict[str, Any] | None], capsys: pytest.CaptureFixture[str]
):
    running.extend([TREE, None, healthy(TREE)])

    assert main(["dump", "--json", "--watch"]) == 0
    assert [json.loads(line) for line in capsys.readouterr().out.splitlines()] == [TREE, healthy(TREE)]


def test_watching_at_a_terminal_redraws_in_place(running: list[dict[str, Any] | None], monkeypatch: pytest.MonkeyPatch):
    output = io.StringIO()
    monkeypatch.setattr("cli.dump._console", lambda: Console(file=output, force_terminal=True, width=100))
    running.extend([TREE, healthy(TREE)])

    assert main(["dump", "--watch"]) == 0
    first, redrawn = output.getvalue().split("healthy: ", 1)
    assert "degraded: 1 of 1 operators down (alpha)" in first
    assert CURSOR_UP in first
    assert "operator@alpha" in redrawn


def test_watching_a_tree_that_is_higher_than_the_terminal_shows_its_top(
    running: list[dict[str, Any] | None], monkeypatch: pytest.MonkeyPatch
):
    output = io.StringIO()
    monkeypatch.setattr("cli.dump._console", lambda: Console(file=output, force_terminal=True, width=100, height=10))
    running.append(service(*(lost_operator(f"op{number}") for number in range(20))))

    main(["dump", "--watch"])

    assert "degraded: 20 of 20 operators down" in output.getvalue()
    assert "more lines; see one operator with --operator ID" in output.getvalue()
    assert len(set(output.getvalue().splitlines())) <= 10 + 1


def test_dump_into_a_pipe_has_each_thing_on_one_line_and_no_colours(
    running: list[dict[str, Any] | None], capsys: pytest.CaptureFixture[str]
):
    error = "a long story " * 20
    running.append(service(lost_operator("alpha", last_error=error)))

    main(["dump"])

    out = capsys.readouterr().out
    assert any(error.strip() in line for line in out.splitlines())
    assert "\x1b" not in out


@pytest.mark.parametrize(("encoding", "drawn"), [("utf-8", "│  └─ operator@alpha"), ("ascii", "|  `- operator@alpha")])
def test_dump_is_drawn_in_letters_that_the_locale_has(
    encoding: str, drawn: str, running: list[dict[str, Any] | None], monkeypatch: pytest.MonkeyPatch
):
    output = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    monkeypatch.setattr("sys.stdout", output)
    running.append({**TREE, "connector_id": "Zürich"})

    main(["dump"])

    output.flush()
    text = output.buffer.getvalue().decode(encoding)
    assert drawn in text
    assert "Z\\xfcrich" in text if encoding == "ascii" else "Zürich" in text


def test_dump_into_a_pipe_that_closes_ends_without_a_traceback(tmp_path: Path):
    environment = {"PYTHONPATH": ":".join(sys.path), "RUNTIME_DIR": str(tmp_path)}
    command = [sys.executable, "-c", DUMPS_A_TREE, "dump", "--watch", "--json"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment) as dump:
        assert dump.stdout is not None
        assert dump.stderr is not None
        dump.stdout.readline()
        dump.stdout.close()

        assert (dump.wait(30), dump.stderr.read()) == (1, "")
