"""What the benchmark counts, and when its figures do not count."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from os import getpid

import pytest

from loadtest.bench.accounting import (
    TICKS_PER_S,
    CpuSpent,
    CpuTime,
    cpu_spent,
    cpu_times,
    parse_busy,
    parse_pss,
    parse_stat,
    pids_with_variable,
    pss_bytes,
    written_bytes,
)
from loadtest.bench.connector import actor_names
from loadtest.bench.figures import (
    CONNECTOR,
    LOAD_GENERATOR,
    SERVERS,
    SIMULATOR,
    Idle,
    Saturation,
    Steady,
    Usage,
    percentile,
)
from loadtest.bench.reconciliation import lost_processes, problems_of
from loadtest.bench.report import as_json, saturation_table
from loadtest.bench.rig import Reading, usage_between
from loadtest.bench.streams import Outcome
from sandbox.process_tree import Process

ROUTER, SESSION, PARENT = Process(11, "100"), Process(12, "200"), Process(10, "50")
AT = datetime(2025, 1, 1, tzinfo=UTC)


def stat_line(pid: int, name: str, ticks: tuple[int, int, int, int], started: int) -> str:
    before, after = " 1" * 10, " 20 0 1 0"
    return f"{pid} ({name}) S{before} {' '.join(map(str, ticks))}{after} {started} 53174272 5078"


def report(**changes: int) -> dict[str, object]:
    """What the simulator says of two messages that went well."""
    figures = {"received": 2, "accepted": 2, "distinct": 2, "duplicated": 0, "pending": 0, "given_up": 0} | changes
    groups = {
        "submits": ("received", "accepted"),
        "messages": ("distinct", "duplicated"),
        "receipts": ("pending", "given_up"),
    }
    return {group: {name: figures[name] for name in names} for group, names in groups.items()}


def finals(*message_ids: str) -> list[Outcome]:
    return [Outcome(message_id, True, AT) for message_id in message_ids]


def usage(elapsed_s: float, *connector_s: float) -> Usage:
    """Pid 1 of the connector used the first of `connector_s`, pid 2 the second; every other group half a second."""
    spent = dict.fromkeys((*SERVERS, SIMULATOR, LOAD_GENERATOR), CpuSpent({100: 0.5}, 0.0, []))
    connector = CpuSpent(dict(enumerate(connector_s, 1)), 0.0, [])
    return Usage(elapsed_s, spent | {CONNECTOR: connector}, rest_s=0.0)


# CPU time.


def test_the_cpu_time_of_a_process_is_read_past_a_name_with_anything_in_it():
    line = stat_line(4711, "a) S (b", (3 * TICKS_PER_S, 1 * TICKS_PER_S, 5 * TICKS_PER_S, 2 * TICKS_PER_S), 99)
    assert parse_stat(line) == (Process(4711, "99"), CpuTime(own_s=4.0, ended_s=7.0))


def test_a_process_is_charged_with_what_it_used_between_the_readings():
    spent = cpu_spent({ROUTER: CpuTime(1.0, 0.0)}, {ROUTER: CpuTime(3.5, 0.0)})
    assert spent == CpuSpent({11: 2.5}, ended_s=0.0, gone=[])
    assert spent.total_s == 2.5


def test_a_process_that_came_in_between_is_charged_from_its_start():
    assert cpu_spent({}, {SESSION: CpuTime(0.75, 0.0)}) == CpuSpent({12: 0.75}, ended_s=0.0, gone=[])


def test_a_process_that_ended_in_between_is_charged_without_its_life_before():
    before = {PARENT: CpuTime(1.0, 0.5), ROUTER: CpuTime(2.0, 0.0)}
    after = {PARENT: CpuTime(1.25, 3.5)}
    spent = cpu_spent(before, after)
    assert spent == CpuSpent({10: 0.25}, ended_s=1.0, gone=[11])
    assert spent.total_s == 1.25


def test_a_pid_that_was_given_to_another_process_is_a_new_process():
    before, after = {Process(11, "100"): CpuTime(9.0, 0.0)}, {Process(11, "300"): CpuTime(1.0, 0.0)}
    assert cpu_spent(before, after) == CpuSpent({11: 1.0}, ended_s=0.0, gone=[11])


def test_a_reading_leaves_out_those_that_are_gone():
    pid_of_nobody = 2**22 + 1  # above the highest that Linux gives
    assert [process.pid for process in cpu_times([getpid(), pid_of_nobody])] == [getpid()]


def test_a_machine_is_busy_with_everything_but_idling_and_waiting_for_disks():
    fields = [3, 1, 2, 500, 700, 1, 1, 2, 3, 1]
    stat = "cpu  " + " ".join(str(seconds * TICKS_PER_S) for seconds in fields) + "\ncpu0 1 1 1 1 1 1 1 1 1 1\n"
    assert parse_busy(stat) == 10.0


def test_what_none_of_the_groups_used_is_the_rest_of_the_machine():
    before = Reading(100.0, 50.0, {CONNECTOR: {ROUTER: CpuTime(1.0, 0.0)}, SIMULATOR: {}})
    after = Reading(110.0, 57.0, {CONNECTOR: {ROUTER: CpuTime(3.0, 0.0)}, SIMULATOR: {SESSION: CpuTime(4.0, 0.0)}})
    spent = {CONNECTOR: CpuSpent({11: 2.0}, 0.0, []), SIMULATOR: CpuSpent({12: 4.0}, 0.0, [])}
    assert usage_between(before, after) == Usage(10.0, spent, rest_s=1.0)


# Memory and processes.


def test_memory_is_the_proportional_set_size():
    rollup = "5555-7fff ---p 00000000 00:00 0  [rollup]\nRss:   1764 kB\nPss:    254 kB\nPss_Dirty:   112 kB\n"
    assert parse_pss(rollup) == 254 * 1024


def test_a_process_without_memory_counts_nothing():
    assert parse_pss("") == 0


def test_this_process_takes_a_plausible_amount_of_memory():
    assert 2**20 < written_bytes([getpid()]) < pss_bytes([getpid()]) < 2**32


def test_processes_are_found_by_a_variable_they_were_started_with():
    waits_for_input = [sys.executable, "-I", "-S", "-c", "import sys; sys.stdin.read()"]
    with subprocess.Popen(waits_for_input, stdin=subprocess.PIPE, env={"RUNTIME_DIR": "of this test"}) as child:
        assert pids_with_variable("RUNTIME_DIR", "of this test") == [child.pid]


def test_processes_are_not_found_by_another_value_of_the_variable():
    assert pids_with_variable("RUNTIME_DIR", "nobody has this") == []


def test_actors_are_named_by_the_pid_that_the_dump_gives():
    session = {"name": "session@a@0", "pid": 12, "children": []}
    restarting = {"name": "operator@b", "pid": 0, "children": []}
    router = {"name": "dispatch-router", "pid": 11, "children": [session, restarting]}
    assert actor_names(router) == {11: "dispatch-router", 12: "session@a@0"}


# Percentiles.


@pytest.mark.parametrize(("percent", "value"), [(0, 1), (1, 1), (50, 50), (99, 99), (99.5, 100), (100, 100)])
def test_a_percentile_is_a_value_that_was_measured(percent: float, value: int):
    assert percentile(list(range(100, 0, -1)), percent) == value


def test_the_median_of_two_values_is_the_smaller_one():
    assert percentile([2.0, 1.0], 50) == 1.0


def test_there_is_no_percentile_of_nothing():
    with pytest.raises(ValueError, match="no values"):
        percentile([], 50)


# Reconciliation.


def test_figures_count_when_every_message_was_sent_once_and_has_one_final_event():
    assert problems_of(["a", "b"], finals("b", "a"), report(), left=0) == []


def test_an_event_that_is_not_final_changes_nothing():
    found = [Outcome("a", False, AT), *finals("a", "b")]
    assert problems_of(["a", "b"], found, report(), left=0) == []


@pytest.mark.parametrize(
    ("found", "problem"),
    [
        (finals("a"), "1 of 2 messages without a final event"),
        (finals("a", "b", "b", "b"), "1 messages with more than one final event"),
        (finals("a", "b", "c"), "1 final events of messages that were not published"),
    ],
)
def test_final_events_that_do_not_match_the_messages_are_a_problem(found: list[Outcome], problem: str):
    assert problems_of(["a", "b"], found, report(), left=0) == [problem]


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"duplicated": 1}, "1 submit_sm that the simulator had seen before"),
        ({"distinct": 1}, "1 messages that the simulator did not accept"),
        ({"received": 5}, "3 submit_sm that the simulator refused"),
        ({"pending": 1, "given_up": 1}, "2 receipts that the connector did not accept"),
    ],
)
def test_what_the_simulator_saw_besides_is_a_problem(changes: dict[str, int], problem: str):
    assert problems_of(["a", "b"], finals("a", "b"), report(**changes), left=0) == [problem]


def test_dispatches_that_nobody_acknowledged_are_a_problem():
    assert problems_of(["a", "b"], finals("a", "b"), report(), left=2) == ["2 dispatches not acknowledged"]


@pytest.mark.parametrize("spent", [CpuSpent({}, 0.0, gone=[11]), CpuSpent({11: 1.0}, ended_s=0.25, gone=[])])
def test_an_actor_that_died_is_a_problem(spent: CpuSpent):
    assert lost_processes(spent) == ["a process of the connector ended during the measurement"]


def test_actors_that_all_lived_are_no_problem():
    assert lost_processes(CpuSpent({11: 1.0}, ended_s=0.0, gone=[])) == []


# The report.


def test_the_last_line_has_the_figures_of_all_measurements():
    saturation = Saturation(2000, 0.5, usage(0.6, 0.4), 150 * 1024 * 1024, {}, [])
    steady = Steady([3.0, 1.0, 2.0], 0.1, usage(20.0, 4.0), 0, {}, [])
    idle = Idle(100, usage(20.0, 1.0), 1400 * 1024 * 1024, {})
    assert json.loads(as_json(saturation, steady, idle)) == {
        "saturation": {
            "messages_per_s": 4000.0,
            "own_cpu_s_per_1000": 0.2,
            "server_cpu_s_per_1000": 1.0,
            "pss_mib": 150.0,
        },
        "steady_100_tps": {"own_cores": 0.2, "p50_ms": 2.0, "p99_ms": 3.0},
        "idle": {"operators": 100, "own_cores": 0.05, "pss_mib": 1400.0},
    }


def test_a_measurement_that_was_not_made_is_not_in_the_last_line():
    assert as_json(None, None, None) == "{}"


def test_a_profile_shows_the_processes_of_the_connector_the_busiest_first():
    names = {1: "dispatch-router", 2: "session@a@0"}
    found = Saturation(1000, 1.0, usage(1.0, 0.2, 0.6), 0, names, [])
    rows = [line.split() for line in saturation_table(found, profile=True)]
    shown = rows.index(["connector", "0.8000"])
    assert rows[shown + 1 : shown + 4] == [
        ["session@a@0", "(2)", "0.6000"],
        ["dispatch-router", "(1)", "0.2000"],
        ["ended", "meanwhile", "0.0000"],
    ]
