"""What becomes of leased binds when Redis, the way to it, or a whole replica stands still (issue 3, row 5)."""

import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Limited, Operators, Sites
from mobile_operator import UNDER_LOAD, MobileOperator
from operator_site import Site
from platform_side import HEALTH, MO, Platform
from reconciliation import assert_reconciled, message_ids
from simulated_operator import PASSWORD, SYSTEM_ID
from waiting import wait_until

from adapters.redis_leases import TTL_S
from core.bind_lease import RENEWALS_PER_TTL, UNBIND_S
from sandbox.link_proxy import LinkProxy
from sandbox.operator_data import Credentials
from sandbox.process import LOOPBACK
from sandbox.redis import RedisServer

pytestmark = pytest.mark.scenarios

LATEST_S = TTL_S - UNBIND_S  # without Redis a bind is kept for so long, counted from its last renewal
EARLIEST_S = LATEST_S - TTL_S / RENEWALS_PER_TTL
SLACK_S = 1.0  # of a busy machine; half of what is left then
TAKEN_S = 2 * TTL_S  # also from a Redis that has forgotten all, which waits for one TTL
WATCHED_S = TTL_S + 3.0  # until after such a wait
PATIENT = replace(UNDER_LOAD, enquire_link_s=60.0)  # so that nothing but its lease ends a session that stood still
OTHER_SYSTEM_ID = "other"
MESSAGES, TPS = 750, 50.0


@pytest.fixture
def redis(tmp_path: Path) -> Iterator[RedisServer]:
    """One of its own, which a test may stop."""
    with RedisServer(tmp_path / "redis") as server:
        yield server


@pytest.fixture
def redis_link(redis_server: RedisServer, loop: BackgroundLoop) -> Iterator[LinkProxy]:
    """The way of one replica to the Redis of all."""
    link = loop.run(LinkProxy(redis_server.port).__aenter__())
    yield link
    loop.run(link.__aexit__())


def through(link: LinkProxy) -> str:
    return f"redis://{LOOPBACK}:{link.port}/0"


def wait_unbound(smsc: Site, within_s: float) -> float:
    """Seconds until no bind is left."""
    since = time.monotonic()
    smsc.wait_for_binds(0, within_s)
    return time.monotonic() - since


def test_a_replica_without_redis_unbinds_before_another_takes_its_bind(
    fleet: Fleet,
    limited: Limited,
    platform: Platform,
    redis_link: LinkProxy,
    loop: BackgroundLoop,
) -> None:
    mno = limited(1, timers=UNDER_LOAD)
    (smsc,) = mno.sites
    fleet.tell(mno)
    (cut_off,) = fleet.start("cut-off", REDIS_URL=through(redis_link))
    mno.wait_bound(cut_off)
    (other,) = fleet.start("other")
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    loop.call(redis_link.deafen)
    took_s = wait_unbound(smsc, TTL_S)
    assert EARLIEST_S <= took_s <= LATEST_S + SLACK_S
    mno.wait_bound(other, TAKEN_S)
    load.result()
    assert_reconciled(platform, mno, ids)
    assert smsc.binds["highest"] == 1
    unbound = [event for event in platform.events(HEALTH, mno.operator_id) if event["state"] == "UNBOUND"]
    assert [(event["connector_id"], event["reason"]) for event in unbound] == [("cut-off", "bind lease lost")]


def test_without_redis_sessions_live_as_long_as_their_leases_and_those_without_a_limit_for_ever(
    fleet: Fleet, limited: Limited, operator: Operators, platform: Platform, redis: RedisServer
) -> None:
    leased, unlimited = limited(1, redis=redis), operator()
    fleet.tell(leased, unlimited)
    (service,) = fleet.start("one", REDIS_URL=redis.url)
    leased.wait_bound(service)
    redis.stop()
    took_s = wait_unbound(leased.sites[0], TTL_S)
    assert EARLIEST_S <= took_s <= LATEST_S + SLACK_S
    unlimited.sites[0].act("mo", text="still here")
    (event,) = platform.wait_for(MO, unlimited.operator_id)
    assert event["text"] == "still here"
    redis.start()
    leased.wait_bound(service, TAKEN_S)
    assert (unlimited.sites[0].binds["total"], leased.sites[0].binds["total"]) == (1, 2)


def test_a_redis_that_has_forgotten_all_leases_neither_ends_nor_doubles_a_bind(
    fleet: Fleet, limited: Limited, redis: RedisServer
) -> None:
    mno = limited(1, redis=redis)
    (smsc,) = mno.sites
    fleet.tell(mno)
    fleet.start("one", "two", REDIS_URL=redis.url)
    smsc.wait_for_binds(1)
    redis.kill()
    redis.start()
    watched_until = time.monotonic() + WATCHED_S
    wait_until(lambda: time.monotonic() > watched_until, 2 * WATCHED_S, "leases to be granted again")
    assert (smsc.binds["now"], smsc.binds["total"]) == (1, 1)


def test_the_link_of_a_replica_that_stands_still_ends_before_another_takes_its_bind(
    fleet: Fleet, site: Sites, limited: Limited, platform: Platform
) -> None:
    smsc = site(logins=f"{SYSTEM_ID}:{PASSWORD},{OTHER_SYSTEM_ID}:{PASSWORD}")
    mno = limited(1, smsc, timers=PATIENT)
    fleet.tell(mno)
    (stopped,) = fleet.start("stopped")
    mno.wait_bound(stopped)
    (other,) = fleet.start("other")
    ids = message_ids(mno, MESSAGES)
    load = platform.dispatch_load(mno.operator_id, ids, TPS)
    smsc.wait_for_submits(MESSAGES // 10)
    stopped.pause()
    bind_as(mno, OTHER_SYSTEM_ID, fleet)
    mno.wait_bound(other, TAKEN_S)
    assert smsc.binds["highest"] == 1
    sent = submits_of(smsc, SYSTEM_ID)
    stopped.resume()
    wait_until(lambda: died(stopped, mno.session()), TTL_S, "the session ended, and that noticed")
    load.result()
    assert_reconciled(platform, mno, ids, sent_again=int(TPS))
    assert (smsc.binds["highest"], submits_of(smsc, SYSTEM_ID)) == (1, sent)


def died(service: ConnectorProcess, child: str) -> bool:
    return any(line["child"] == child for line in service.events("actor_died"))


def submits_of(smsc: Site, system_id: str) -> int:
    tally = smsc.report()["system_ids"].get(system_id, {"received": 0})
    received: int = tally["received"]
    return received


def bind_as(mno: MobileOperator, system_id: str, fleet: Fleet) -> None:
    """So that the SMSC can tell the next binds from those that are there."""
    mno.credentials = Credentials(system_id=system_id, password=PASSWORD, version=2)
    fleet.tell(mno)
