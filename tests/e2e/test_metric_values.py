"""Every metric against what happened, as the simulated SMSCs, the platform and the database have it."""

import os
import re
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import psycopg
import pytest
from background_loop import BackgroundLoop
from cryptography.x509 import load_pem_x509_certificate
from fleet import Fleet
from metric_scene import SEEN_S, TPS, Scene
from mobile_operator import MobileOperator
from platform_side import DEAD, DLR, MO, Platform
from services import Services
from waiting import wait_until

from actors.names import (
    CONNECTOR,
    CORRELATION_WRITER,
    DISPATCH_ROUTER,
    HEALTH_PUBLISHER,
    RECEIPT_PUBLISHER,
    operator_name,
    session_name,
)
from adapters.telemetry.metric_table import METRICS, Kind
from config.version import version
from sandbox.stack import Stack

pytestmark = pytest.mark.slow

HEALED_S = 60.0  # a root that does not come up is started once more after 20 s

Check = Callable[[Scene], None]

CHECKS: dict[str, Check] = {}
"""By metric."""


def of(metric: str) -> Callable[[Check], Check]:
    """Marks a function as the check of that metric."""

    def note(check: Check) -> Check:
        CHECKS[metric] = check
        return check

    return note


def agree(shown: Callable[[], object], happened: Callable[[], object]) -> None:
    """Both are the same, at once or soon; shows them where they never are."""
    deadline = time.monotonic() + SEEN_S
    while shown() != happened() and time.monotonic() < deadline:
        time.sleep(0.05)
    assert shown() == happened()


@pytest.fixture(scope="module")
def scene(services: Services, stack: Stack, loop: BackgroundLoop) -> Iterator[Scene]:
    with services.running():  # the schema and the streams are there after it
        pass
    with Platform(loop, stack) as platform, Fleet(stack, loop) as fleet:
        scene = Scene(stack, loop, fleet, platform)
        with scene.play():
            yield scene


@pytest.mark.parametrize("metric", [metric.name for metric in METRICS])
def test_a_metric_says_what_happened(scene: Scene, metric: str):
    assert metric in CHECKS, "a new metric needs a check in this file"
    CHECKS[metric](scene)


# Sessions.


@of("smpp_session_state")
def check_session_state(scene: Scene) -> None:
    agree(
        lambda: [bound_sessions(scene, operator) for operator in scene.operators],
        lambda: [sum(site.binds["now"] for site in operator.sites) for operator in scene.operators],
    )
    agree(
        lambda: scene.value("smpp_session_state", scene.moving, session=scene.moving.session(), endpoint="primary"),
        lambda: 1,
    )


@of("smpp_session_waiting")
def check_session_waiting(scene: Scene) -> None:
    sessions = [scene.leased.session(index) for index in range(2)]
    agree(
        lambda: sorted(scene.value("smpp_session_waiting", scene.leased, session=name) or 0.0 for name in sessions),
        lambda: [0, 1],
    )
    assert scene.leased.sites[0].binds["highest"] == 1


@of("smpp_operator_bound")
def check_operator_bound(scene: Scene) -> None:
    agree(
        lambda: [scene.value("smpp_operator_bound", operator) for operator in scene.operators],
        lambda: [float(any(site.binds["now"] for site in operator.sites)) for operator in scene.operators],
    )


@of("smpp_binds_total")
def check_binds(scene: Scene) -> None:
    agree(
        lambda: [bind_results(scene, operator) for operator in scene.operators],
        lambda: [bind_answers(operator) for operator in scene.operators],
    )


@of("smpp_reconnects_total")
def check_reconnects(scene: Scene) -> None:
    agree(
        lambda: [scene.value("smpp_reconnects_total", operator) for operator in (scene.counted, scene.mute)],
        lambda: [len(operator.sites[0].opened_at) - 1 for operator in (scene.counted, scene.mute)],
    )


@of("smpp_failovers_total")
def check_failovers(scene: Scene) -> None:
    told = [endpoint for state, endpoint in scene.platform.transitions(scene.moving.operator_id) if state != "UNBOUND"]
    assert told == ["primary", "backup", "primary"]
    assert scene.by("to", "smpp_failovers_total", scene.moving) == {"backup": 1, "primary": 1}
    assert scene.by("to", "smpp_failovers_total", scene.mute) == {}


@of("smpp_enquire_link_seconds")
def check_enquire_link_seconds(scene: Scene) -> None:
    (site,) = scene.counted.sites
    agree(
        lambda: scene.value("smpp_enquire_link_seconds_count", scene.counted),
        lambda: site.report()["enquire_links"]["received"],
    )


# Messages.


@of("smpp_submit_sm_total")
def check_submit_sm(scene: Scene) -> None:
    answered = (scene.counted, scene.paced)
    agree(
        lambda: [scene.by("command_status", "smpp_submit_sm_total", operator) for operator in answered],
        lambda: [operator.sites[0].report()["submits"]["by_status"] for operator in answered],
    )
    assert scene.by("command_status", "smpp_submit_sm_total", scene.mute) == {}


@of("smpp_submit_sm_seconds")
def check_submit_sm_seconds(scene: Scene) -> None:
    assert scene.value("smpp_submit_sm_seconds_count", scene.counted) == scene.counted.submits
    assert scene.value("smpp_submit_sm_seconds_count", scene.mute) == 0


@of("smpp_dispatch_to_submit_seconds")
def check_dispatch_to_submit_seconds(scene: Scene) -> None:
    sent = (scene.counted, scene.paced, scene.mute)
    agree(
        lambda: [scene.value("smpp_dispatch_to_submit_seconds_count", operator) for operator in sent],
        lambda: [operator.submits for operator in sent],
    )
    slowest_s = TPS * 3 / TPS - 1  # the last of them has waited for the others
    assert (scene.value("smpp_dispatch_to_submit_seconds_sum", scene.paced) or 0) > slowest_s


@of("smpp_window_in_use")
def check_window_in_use(scene: Scene) -> None:
    """It stood at 3 while 3 had no answer (Scene._lose_answers)."""
    agree(lambda: scene.value("smpp_window_in_use", scene.mute, session=scene.mute.session()), lambda: 0)


@of("smpp_throttle_wait_seconds")
def check_throttle_wait_seconds(scene: Scene) -> None:
    """15 messages at 5 a second: the last 10 wait for a second or two."""
    scene.paced.wait_for_submits(3 * TPS, SEEN_S)
    agree(lambda: (scene.value("smpp_throttle_wait_seconds_sum", scene.paced) or 0) >= 1.0, lambda: True)
    assert scene.value("smpp_throttle_wait_seconds_count", scene.shut) == 0


@of("smpp_tps_limit")
def check_tps_limit(scene: Scene) -> None:
    assert [scene.value("smpp_tps_limit", operator) for operator in (scene.paced, scene.counted)] == [TPS, 100]


@of("smpp_dispatch_pending")
def check_dispatch_pending(scene: Scene) -> None:
    agree(
        lambda: [scene.value("smpp_dispatch_pending", operator) for operator in scene.operators],
        lambda: [scene.platform.unsettled(operator.operator_id) for operator in scene.operators],
    )
    assert scene.value("smpp_dispatch_pending", scene.shut) == 3 * TPS


@of("smpp_messages_total")
def check_messages(scene: Scene) -> None:
    name = scene.counted.operator_id
    rejected, expired = (ended(scene, name, status) for status in ("REJECTED", "EXPIRED"))
    delivered = ended(scene, name, "DELIVERED")
    dead = len(scene.platform.events(DEAD, name))
    assert (delivered, rejected, expired, dead) == (13, 2, 1, 1)
    agree(
        lambda: scene.by("outcome", "smpp_messages_total", scene.counted),
        lambda: {"accepted": delivered, "rejected": rejected, "expired": expired, "dead": dead, "repeated": 1},
    )


@of("smpp_texts_transliterated_total")
def check_texts_transliterated(scene: Scene) -> None:
    events = scene.platform.events(DLR, scene.counted.operator_id)
    told = sum(event["transliterated"] for event in events if event["final"])
    assert scene.value("smpp_texts_transliterated_total", scene.counted) == told == 2


@of("smpp_submits_unknown_total")
def check_submits_unknown(scene: Scene) -> None:
    agree(
        lambda: scene.value("smpp_submits_unknown_total", scene.mute),
        lambda: scene.mute.sites[0].report()["submits"]["unanswered"],
    )
    assert scene.value("smpp_submits_unknown_total", scene.counted) == 0


# Receipts and messages from handsets.


@of("smpp_receipts_total")
def check_receipts(scene: Scene) -> None:
    (site,) = scene.counted.sites
    stray = 1
    agree(
        lambda: scene.by("status", "smpp_receipts_total", scene.counted),
        lambda: {"DELIVERED": site.report()["receipts"]["answered"] + stray},
    )


@of("smpp_receipts_unmatched")
def check_receipts_unmatched(scene: Scene) -> None:
    statement = "SELECT count(*) FROM smpp.unmatched_receipts WHERE operator_id = %s"
    agree(lambda: scene.value("smpp_receipts_unmatched", scene.counted), lambda: rows(scene, statement))
    assert rows(scene, statement) == 1


@of("smpp_mo_total")
def check_mo(scene: Scene) -> None:
    assert scene.counted.sites[0].report()["mo"]["answered"] > 2  # one came in parts
    agree(
        lambda: scene.value("smpp_mo_total", scene.counted),
        lambda: len(scene.platform.events(MO, scene.counted.operator_id)),
    )


# Behind all operators.


@of("smpp_correlation_write_seconds")
def check_correlation_write_seconds(scene: Scene) -> None:
    """A commit holds a row or many, and they are one after the other."""
    written = scene.service.running_node("correlation-writer")["rows_written"]
    count, seconds = (scene.value(f"smpp_correlation_write_seconds_{part}") or 0 for part in ("count", "sum"))
    assert 0 < count <= written
    assert 0 < seconds < time.time() - started_at(scene)


@of("smpp_correlations_swept_total")
def check_correlations_swept(scene: Scene) -> None:
    assert scene.swept > 10
    agree(lambda: scene.value("smpp_correlations_swept_total"), lambda: scene.swept)


@of("smpp_actor_restarts_total")
def check_actor_restarts(scene: Scene) -> None:
    counted = {labels["actor"]: n for name, labels, n in scene.samples() if name == "smpp_actor_restarts_total" if n}
    assert counted == scene.restarts() == {"HealthPublisher": 1}


@of("smpp_certificate_not_after_timestamp_seconds")
def check_certificate_not_after(scene: Scene) -> None:
    files = {"management-client": "CERT_FILE", "management-ca": "CA_FILE"}
    name = "smpp_certificate_not_after_timestamp_seconds"
    shown = {one: scene.value(name, certificate=one, operator="") for one in files}
    assert shown == {one: end_of(scene, f"OPERATOR_MANAGEMENT_{file}") for one, file in files.items()}


@of("smpp_build_info")
def check_build_info(scene: Scene) -> None:
    assert scene.value("smpp_build_info", version=version()) == 1


def bound_sessions(scene: Scene, operator: MobileOperator) -> float:
    return sum(
        value
        for name, labels, value in scene.samples()
        if name == "smpp_session_state" and labels["operator"] == operator.operator_id
    )


def bind_results(scene: Scene, operator: MobileOperator) -> dict[str, float]:
    """Of those that the SMSC has answered."""
    counted = scene.by("result", "smpp_binds_total", operator)
    return {result: count for result, count in counted.items() if result.startswith("ESME")}


def bind_answers(operator: MobileOperator) -> dict[str, int]:
    answers: Counter[str] = Counter()
    for site in operator.sites:
        answers.update({"ESME_ROK": site.binds["total"], **site.binds["refused"]})
    return {status: count for status, count in answers.items() if count}


def ended(scene: Scene, operator_id: str, status: str) -> int:
    """Messages of the operator whose final event says so."""
    events = scene.platform.events(DLR, operator_id)
    return sum(event["final"] and event["message_status"] == status for event in events)


def rows(scene: Scene, statement: str) -> Any:
    with psycopg.connect(scene.stack.postgres.dsn, passfile=str(scene.stack.postgres.passfile)) as connection:
        found = connection.execute(statement, [scene.counted.operator_id]).fetchone()
    assert found is not None
    return found[0]


def end_of(scene: Scene, setting: str) -> float:
    pem = Path(scene.stack.environment[setting]).read_bytes()
    return load_pem_x509_certificate(pem).not_valid_after_utc.timestamp()


def started_at(scene: Scene) -> float:
    return datetime.fromisoformat(scene.service.events("service_started")[0]["time"]).timestamp()


# Over the death of processes.

VICTIMS = (
    session_name("metrics-counted", endpoint=0, index=0),
    operator_name("metrics-counted"),
    HEALTH_PUBLISHER,
    RECEIPT_PUBLISHER,
    CORRELATION_WRITER,
    DISPATCH_ROUTER,
    CONNECTOR,
)


@pytest.mark.parametrize("victim", VICTIMS)
def test_no_count_goes_backwards_when_an_actor_is_killed(scene: Scene, victim: str):
    before = counts(scene)
    pid = scene.service.running_node(victim)["pid"]
    os.kill(pid, signal.SIGKILL)

    def has_healed() -> bool:
        nonlocal before
        after = counts(scene)
        assert {name: (count, after.get(name)) for name, count in before.items() if after.get(name, 0) < count} == {}
        before = after
        node = scene.service.node(victim)
        return node is not None and (node["state"], node["pid"] != pid) == ("running", True)

    wait_until(has_healed, HEALED_S, f"{victim} running again")
    scene.counted.wait_bound(scene.service)


def test_the_files_of_dead_actors_are_gone(scene: Scene):
    scene.samples()
    living = {process.pid for process in scene.service.processes()}
    owners = {int(re.sub(r"\D", "", file.stem)) for file in (scene.service.runtime_dir / "metrics").iterdir()}
    assert owners <= living


def test_the_gauges_of_an_operator_that_is_gone_vanish_and_its_counts_stay(scene: Scene):
    gauges = {metric.name for metric in METRICS if metric.kind is Kind.GAUGE and "session" in metric.labels}
    scene.tell(*(operator for operator in scene.operators if operator is not scene.moving))

    def left() -> set[str]:
        return {name for name, labels, _ in scene.samples() if labels.get("operator") == scene.moving.operator_id}

    wait_until(lambda: left().isdisjoint({"smpp_operator_bound", "smpp_tps_limit", *gauges}), SEEN_S, "no gauge")
    assert left() >= {"smpp_failovers_total", "smpp_binds_total"}


def counts(scene: Scene) -> dict[str, float]:
    gauges = {metric.name for metric in METRICS if metric.kind is Kind.GAUGE}
    return {f"{name} {sorted(labels.items())}": value for name, labels, value in scene.samples() if name not in gauges}
