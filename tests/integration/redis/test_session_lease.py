"""The lease of a session's binds as the session sees it."""

import asyncio
import math
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from known_endpoint import make_known

from actors.runtime.kill_timer import KillTimer
from actors.runtime.surroundings import Surroundings
from actors.session.lease import BindLease
from adapters.redis_leases import TTL_S, BindLeases
from config.operators import BindConfig, Endpoint, OperatorConfig
from config.settings import load_settings
from core.bind_lease import KILL_S, NO_LIMIT, UNBIND_S
from messages.control import SessionAssignment

SessionLease = Callable[[int | None], tuple[BindLease, OperatorConfig]]

RENEWED_S = TTL_S / 2  # more than a third, after which a lease is renewed


class WatchedTimer(KillTimer):
    """Kills nobody; `kills_at` (monotonic seconds) is when it would."""

    def __init__(self) -> None:
        super().__init__()
        self.disarm()

    def set(self, in_s: float) -> None:
        self.kills_at = time.monotonic() + in_s

    def disarm(self) -> None:
        self.kills_at = math.inf


def leave(reason: str, deadline: float) -> None:
    pytest.fail(f"told to leave: {reason}")


@pytest.fixture
def leases(run, redis_server) -> Iterator[BindLeases]:
    opened = BindLeases(redis_server.url)
    yield opened
    run(opened.close())


@pytest.fixture
def kill_timer() -> WatchedTimer:
    return WatchedTimer()


@pytest.fixture
def session_lease(
    run,
    redis_server,
    leases: BindLeases,
    operator_id: str,
    kill_timer: WatchedTimer,
    monkeypatch: pytest.MonkeyPatch,
) -> SessionLease:
    """For an operator with these max_binds; to be made in the event loop."""
    run(make_known(redis_server.url, operator_id))
    settings = load_settings({"REDIS_URL": redis_server.url, "CONNECTOR_ID": "one"}, only=["REDIS_URL", "CONNECTOR_ID"])
    around = Surroundings(settings, lanes=Path(), metrics=Path(), submits=Path())
    monkeypatch.setattr("actors.session.lease.surroundings", lambda: around)
    monkeypatch.setattr("actors.session.lease.BindLeases", lambda _url: leases)  # which is closed at the end

    def make(max_binds: int | None) -> tuple[BindLease, OperatorConfig]:
        endpoints = (Endpoint(host="127.0.0.1", port=2775),)
        operator = OperatorConfig(operator_id=operator_id, endpoints=endpoints, bind=BindConfig(max_binds=max_binds))
        spawn = asyncio.get_running_loop().create_task
        return BindLease(SessionAssignment(operator, 0), "session", leave, spawn, kill_timer), operator

    return make


def test_without_a_limit_traffic_is_always_allowed(run, session_lease: SessionLease) -> None:
    async def main() -> tuple[str, bool]:
        lease, operator = session_lease(None)
        await lease.take(operator, 1)
        return lease.state, lease.allows_traffic(time.monotonic() + TTL_S)

    assert run(main()) == (NO_LIMIT, True)


def test_a_lease_that_was_not_renewed_allows_no_traffic_whether_or_not_a_timer_has_seen_it(
    run, session_lease: SessionLease
) -> None:
    async def main() -> list[bool]:
        lease, operator = session_lease(1)
        await lease.take(operator, 1)
        taken_at = time.monotonic()
        allowed = [lease.allows_traffic(taken_at + after_s) for after_s in (0, TTL_S - UNBIND_S)]
        await lease.release()
        return allowed

    assert run(main()) == [True, False]


def test_a_lease_given_back_allows_no_traffic_and_is_free(run, session_lease: SessionLease) -> None:
    async def main() -> bool:
        given_back, operator = session_lease(1)
        await given_back.take(operator, 1)
        await given_back.release()
        other, _ = session_lease(1)
        await other.take(operator, 1)
        await other.release()
        return given_back.allows_traffic(time.monotonic())

    assert run(main()) is False


def test_a_process_with_a_lease_is_ended_before_the_binds_may_be_anothers_unless_it_renews_or_gives_them_back(
    run, session_lease: SessionLease, kill_timer: WatchedTimer
) -> None:
    async def main() -> tuple[float, float, float]:
        lease, operator = session_lease(1)
        await lease.take(operator, 1)
        ends_at = time.monotonic() + TTL_S
        first = kill_timer.kills_at
        async with asyncio.timeout(RENEWED_S):
            while kill_timer.kills_at == first:
                await asyncio.sleep(0.01)
        renewed = kill_timer.kills_at
        await lease.release()
        return ends_at - first, renewed - first, kill_timer.kills_at

    left_s, put_off_s, at_last = run(main())
    assert KILL_S <= left_s < UNBIND_S
    assert put_off_s > 1.0
    assert at_last == math.inf


def test_a_process_whose_limit_is_lifted_is_not_ended(
    run, session_lease: SessionLease, kill_timer: WatchedTimer
) -> None:
    async def main() -> float:
        lease, limited = session_lease(1)
        await lease.take(limited, 1)
        lease.configure(session_lease(None)[1])
        return kill_timer.kills_at

    assert run(main()) == math.inf


def test_a_process_whose_binds_get_a_limit_is_ended_as_those_that_began_with_one(
    run, session_lease: SessionLease, kill_timer: WatchedTimer
) -> None:
    async def main() -> float:
        lease, unlimited = session_lease(None)
        await lease.take(unlimited, 1)
        lease.configure(session_lease(1)[1])
        async with asyncio.timeout(RENEWED_S):
            while kill_timer.kills_at == math.inf:
                await asyncio.sleep(0.01)
        ends_in_s = kill_timer.kills_at - time.monotonic()
        await lease.release()
        return ends_in_s

    assert run(main()) < TTL_S
