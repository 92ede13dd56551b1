"""The real service against simulated operators behind link proxies, mostly with shortened timers."""

from collections.abc import Iterator
from contextlib import ExitStack
from itertools import count
from typing import Any

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from fleet import Fleet
from known_endpoint import make_known
from makers import Connect, Limited, Operators, Sites
from mobile_operator import MobileOperator
from operator_site import Site
from platform_side import Platform
from services import Services

from sandbox.operator_data import DEFAULT_GROUP
from sandbox.redis import RedisServer
from sandbox.stack import Stack

_numbers = count(1)


@pytest.fixture
def site(loop: BackgroundLoop) -> Iterator[Sites]:
    """Opens sites with these traits of the simulator."""
    with ExitStack() as running:
        yield lambda **traits: running.enter_context(Site(loop, **traits))


@pytest.fixture
def operator(site: Sites) -> Operators:
    """Makes operators: of these sites, or of one new one, or with `endpoints` of their own; with these settings."""

    def make(*sites: Site, **settings: Any) -> MobileOperator:
        needs_site = not sites and "endpoints" not in settings
        return MobileOperator(f"mno{next(_numbers)}", *([site()] if needs_site else sites), **settings)

    return make


@pytest.fixture(scope="session")
def prepared(services: Services, stack: Stack, loop: BackgroundLoop) -> None:
    """The schema and the streams are there, as after any first service."""
    with services.prepared(CONNECTOR_GROUP=DEFAULT_GROUP) as process:
        assert process.run_command("migrate").returncode == 0
        process.start()
        with Platform(loop, stack):  # waits for the streams
            assert process.finish() == 0


@pytest.fixture
def limited(site: Sites, redis_server: RedisServer, loop: BackgroundLoop) -> Limited:
    """Makes operators that allow so many binds, over all replicas; otherwise as `operator`.

    redis: which is to have known their endpoint for long enough to lease its binds at once.
    """

    def make(
        max_binds: int, *sites: Site, sessions: int = 1, redis: RedisServer = redis_server, **settings: Any
    ) -> MobileOperator:
        bind = {"max_binds": max_binds, "sessions": sessions}
        mno = MobileOperator(f"limited{next(_numbers)}", *(sites or [site()]), bind=bind, **settings)
        loop.run(make_known(redis.url, mno.operator_id))
        return mno

    return make


@pytest.fixture
def fleet(stack: Stack, loop: BackgroundLoop, prepared: None) -> Iterator[Fleet]:
    """Replicas of a group of its own."""
    with Fleet(stack, loop) as running:
        yield running


@pytest.fixture
def connect(fleet: Fleet) -> Connect:
    """Starts one replica with these operators; with `wait`, returns when all of them are bound."""

    def start(*operators: MobileOperator, wait: bool = True, **settings: str) -> ConnectorProcess:
        fleet.tell(*operators)
        (service,) = fleet.start("one", **settings)
        for mno in operators if wait else ():
            mno.wait_bound(service)
        return service

    return start


@pytest.fixture
def platform(stack: Stack, loop: BackgroundLoop, prepared: None) -> Iterator[Platform]:
    """The messaging platform's side of NATS."""
    with Platform(loop, stack) as side:
        yield side
