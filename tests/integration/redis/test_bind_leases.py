"""Bind leases: what is granted, renewed and released, and what Redis forgetting all of it does."""

import asyncio
import json
import time
from collections.abc import Callable, Iterator

import pytest
from redis.asyncio import Redis

from adapters.redis_leases import BindLeases, Claim, Denied, Granted, LeasesUnavailable, Refusal
from sandbox.redis import RedisServer

MOMENT_S = 0.05
SLACK_S = 1.0  # for a busy machine


@pytest.fixture
def open_leases(run, redis_server) -> Iterator[Callable[..., BindLeases]]:
    """Makes clients that are closed at the end."""
    opened: list[BindLeases] = []

    def make(url: str = redis_server.url, **options: float) -> BindLeases:
        opened.append(BindLeases(url, **options))
        return opened[-1]

    yield make
    for leases in opened:
        run(leases.close())


@pytest.fixture
def leases(open_leases) -> BindLeases:
    return open_leases()


@pytest.fixture
def redis(run, redis_server) -> Iterator[Redis]:
    """For harming what is kept."""
    client = Redis.from_url(redis_server.url)
    yield client
    run(client.aclose())


@pytest.fixture
def claim(run, open_leases, operator_id) -> Callable[..., Claim]:
    """Makes claims at an endpoint that Redis has known for long enough to grant leases."""

    def make(replica_id: str = "r-1", session: str = "s-1", binds: int = 1, max_binds: int = 2) -> Claim:
        return Claim(operator_id, 0, replica_id, session, binds, max_binds)

    run(first_grant(open_leases(ttl_s=MOMENT_S), make("early")))
    run(asyncio.sleep(2 * MOMENT_S))
    return make


async def first_grant(leases: BindLeases, claim: Claim) -> Granted:
    while not isinstance(answer := await leases.acquire(claim), Granted):
        await asyncio.sleep(MOMENT_S / 5)
    return answer


def outcome(answer: Granted | Denied) -> Refusal | None:
    """Why there is no lease; None when there is one."""
    return answer.reason if isinstance(answer, Denied) else None


def is_held(run, leases: BindLeases, claim: Claim, fencing_token: int) -> bool:
    return run(leases.renew(claim, fencing_token)).is_held


def test_binds_are_granted_up_to_the_limit(run, leases, claim):
    answers = [run(leases.acquire(claim(f"r-{number}"))) for number in range(3)]
    assert [outcome(answer) for answer in answers] == [None, None, Refusal.ALL_TAKEN]


def test_a_transmitter_with_a_receiver_counts_as_two(run, leases, claim):
    claims = [claim(f"r-{binds}", f"s-{turn}", binds, max_binds=3) for turn, binds in enumerate((2, 2, 1))]
    assert [outcome(run(leases.acquire(each))) for each in claims] == [None, Refusal.ALL_TAKEN, None]


def test_a_session_that_needs_more_than_the_limit_is_told_so(run, leases, claim):
    assert outcome(run(leases.acquire(claim(binds=2, max_binds=1)))) is Refusal.NEVER_ENOUGH


@pytest.mark.parametrize(("suffix", "endpoint"), [("", 1), ("-other", 0)])
def test_endpoints_and_operators_have_limits_of_their_own(run, open_leases, claim, operator_id, suffix, endpoint):
    leases = open_leases()
    run(leases.acquire(claim(max_binds=1)))
    other = Claim(operator_id + suffix, endpoint, "r-2", "s-1", binds=1, max_binds=1)
    run(first_grant(open_leases(ttl_s=MOMENT_S), other))
    assert outcome(run(leases.acquire(claim("r-2", max_binds=1)))) is Refusal.ALL_TAKEN


def test_who_is_denied_asks_again_within_a_second(run, leases, claim):
    run(leases.acquire(claim("r-1", max_binds=1)))
    assert 0 < run(leases.acquire(claim("r-2", max_binds=1))).retry_after_s <= 1


def test_released_binds_are_free_at_once(run, leases, claim):
    token = run(leases.acquire(claim("r-1", max_binds=1))).fencing_token
    run(leases.release(claim("r-1", max_binds=1), token))
    assert outcome(run(leases.acquire(claim("r-2", max_binds=1)))) is None


def test_a_lease_counts_from_before_it_was_asked_for(run, leases, claim):
    asked_at = time.monotonic()
    granted = run(leases.acquire(claim()))
    assert asked_at <= granted.sent_at <= asked_at + SLACK_S
    assert granted.ttl_s == 10


def test_a_lease_that_is_not_renewed_ends(run, open_leases, claim):
    leases = open_leases(ttl_s=0.2)

    async def wait_for_the_end() -> float:
        await leases.acquire(claim("r-1", max_binds=1))
        return (await first_grant(leases, claim("r-2", max_binds=1))).sent_at

    started_at = time.monotonic()
    assert 0.2 <= run(wait_for_the_end()) + MOMENT_S - started_at <= 0.2 + SLACK_S


def test_a_renewed_lease_lasts(run, open_leases, leases, claim):
    token = run(open_leases(ttl_s=SLACK_S).acquire(claim("r-1", max_binds=1))).fencing_token
    assert is_held(run, leases, claim("r-1", max_binds=1), token)
    run(asyncio.sleep(SLACK_S + MOMENT_S))
    assert outcome(run(leases.acquire(claim("r-2", max_binds=1)))) is Refusal.ALL_TAKEN


def test_a_lease_that_has_ended_is_not_renewed(run, open_leases, leases, claim):
    token = run(open_leases(ttl_s=MOMENT_S).acquire(claim())).fencing_token
    run(asyncio.sleep(2 * MOMENT_S))
    assert not is_held(run, leases, claim(), token)


def test_fencing_tokens_rise(run, leases, claim):
    tokens = [run(leases.acquire(claim(f"r-{number}", max_binds=9))).fencing_token for number in range(9)]
    assert tokens == sorted(set(tokens))


def test_an_old_token_renews_and_releases_nothing(run, leases, claim):
    old, new = [run(leases.acquire(claim(max_binds=1))).fencing_token for _ in range(2)]
    run(leases.release(claim(max_binds=1), old))
    assert [is_held(run, leases, claim(max_binds=1), token) for token in (old, new)] == [False, True]


def test_nobody_renews_with_a_token_of_another(run, leases, claim):
    token = run(leases.acquire(claim("r-1"))).fencing_token
    assert not is_held(run, leases, claim("r-2"), token)


def test_a_session_that_died_has_its_own_binds_back_at_once(run, leases, claim):
    answers = [run(leases.acquire(claim(max_binds=1))) for _ in range(2)]
    assert [outcome(answer) for answer in answers] == [None, None]


def test_a_session_that_cannot_get_a_second_bind_keeps_its_first(run, leases, claim):
    token = run(leases.acquire(claim("r-1"))).fencing_token
    run(leases.acquire(claim("r-2")))
    assert outcome(run(leases.acquire(claim("r-1", binds=2)))) is Refusal.ALL_TAKEN
    assert is_held(run, leases, claim("r-1"), token)


def test_binds_made_without_a_limit_are_adopted_up_to_it_also_where_redis_is_new_to_the_endpoint(
    run, leases, operator_id
):
    claims = [Claim(operator_id, 0, f"r-{number}", "s-1", binds=1, max_binds=2) for number in range(3)]
    assert [outcome(run(leases.adopt(each))) for each in claims] == [None, None, Refusal.MAYBE_LOST]


def test_binds_made_without_a_limit_are_adopted_beside_those_that_have_leases(run, leases, claim):
    run(leases.acquire(claim("r-0")))
    assert [outcome(run(leases.adopt(claim(f"r-{number}")))) for number in (1, 2)] == [None, Refusal.ALL_TAKEN]


def test_a_lowered_limit_calls_back_as_many_as_are_too_many(run, leases, claim):
    sessions = [f"s-{number}" for number in range(4)]
    tokens = [run(leases.acquire(claim(session=session, max_binds=4))).fencing_token for session in sessions]
    lowered = [claim(session=session, max_binds=2) for session in sessions]
    renewals = [run(leases.renew(each, token)) for each, token in zip(lowered, tokens, strict=True)]
    assert [renewal.give_up for renewal in renewals] == [True, True, False, False]
    assert outcome(run(leases.acquire(claim("r-2", max_binds=2)))) is Refusal.ALL_TAKEN


def test_what_is_called_back_stays_called_back(run, leases, claim):
    token = run(leases.acquire(claim(binds=2, max_binds=2))).fencing_token
    renewals = [run(leases.renew(claim(binds=2, max_binds=limit), token)) for limit in (1, 2)]
    assert [(renewal.is_held, renewal.give_up) for renewal in renewals] == [(True, True), (True, True)]


async def forget_all(redis: Redis, key: str) -> None:
    await redis.delete(key)


async def come_from_another_server(redis: Redis, key: str) -> None:
    """As after a failover to a replica that has not got the last grants."""
    state = json.loads(await redis.get(key))
    state["run"], state["leases"] = "0" * 40, {}
    await redis.set(key, json.dumps(state))


@pytest.mark.parametrize("lose", [forget_all, come_from_another_server])
def test_a_redis_that_may_have_lost_leases_grants_none_for_one_ttl(run, open_leases, claim, operator_id, redis, lose):
    leases = open_leases(ttl_s=0.3)

    async def wait_for_a_grant() -> tuple[Refusal | None, float]:
        await leases.acquire(claim("r-1", max_binds=1))
        await lose(redis, f"smpp:binds:{{{operator_id}}}:0")
        lost_at = time.monotonic()
        refusal = outcome(await leases.acquire(claim("r-2", max_binds=1)))
        return refusal, (await first_grant(leases, claim("r-2", max_binds=1))).sent_at - lost_at

    refusal, waited_s = run(wait_for_a_grant())
    assert refusal is Refusal.MAYBE_LOST
    assert 0.3 <= waited_s + MOMENT_S <= 0.3 + SLACK_S


def test_leases_that_redis_has_lost_are_kept_by_renewing_them(run, open_leases, claim, operator_id, redis):
    leases = open_leases(ttl_s=SLACK_S)

    async def outlast_the_loss() -> tuple[Granted, bool, Refusal | None, Granted]:
        mine = await leases.acquire(claim("r-1", max_binds=1))
        await redis.delete(f"smpp:binds:{{{operator_id}}}:0")
        for _ in range(4):
            is_mine = (await leases.renew(claim("r-1", max_binds=1), mine.fencing_token)).is_held
            await asyncio.sleep(SLACK_S / 3)
        refusal = outcome(await leases.acquire(claim("r-2", max_binds=1)))
        return mine, is_mine, refusal, await first_grant(leases, claim("r-2", max_binds=1))

    mine, is_mine, refusal, theirs = run(outlast_the_loss())
    assert (is_mine, refusal) == (True, Refusal.ALL_TAKEN)
    assert theirs.fencing_token > mine.fencing_token


def test_no_more_than_the_limit_is_taken_back_after_a_loss(run, leases, claim, operator_id, redis):
    claims = [claim(f"r-{number}") for number in range(3)]
    tokens = [run(leases.acquire(each)).fencing_token for each in claims[:2]]
    run(redis.delete(f"smpp:binds:{{{operator_id}}}:0"))
    held = [is_held(run, leases, *each) for each in zip(claims, [*tokens, tokens[0]], strict=True)]
    assert held == [True, True, False]


def test_after_a_loss_the_newest_token_of_a_session_wins(run, leases, claim, operator_id, redis):
    old, new = [run(leases.acquire(claim())).fencing_token for _ in range(2)]
    run(redis.delete(f"smpp:binds:{{{operator_id}}}:0"))
    assert [is_held(run, leases, claim(), token) for token in (old, new, old, new)] == [True, True, False, True]


def test_a_restart_of_redis_ends_no_lease(run, open_leases, tmp_path):
    claims = [Claim("mno", 0, replica_id, "s-1", binds=1, max_binds=1) for replica_id in ("r-1", "r-2")]
    with RedisServer(tmp_path / "redis") as server:
        leases = open_leases(server.url)
        run(first_grant(open_leases(server.url, ttl_s=MOMENT_S), claims[0]))
        token = run(leases.acquire(claims[0])).fencing_token
        server.stop()
        server.start()
        assert outcome(run(leases.acquire(claims[1]))) is Refusal.MAYBE_LOST
        assert is_held(run, leases, claims[0], token)


def test_it_works_on_after_redis_has_dropped_its_connections_and_its_script(run, leases, claim, redis):
    token = run(leases.acquire(claim())).fencing_token
    run(redis.client_kill_filter(_type="normal", skipme=True))
    run(redis.script_flush())
    assert is_held(run, leases, claim(), token)


@pytest.mark.parametrize(
    ("url", "reason"), [("refused_url", "Redis: ConnectionError"), ("silent_url", "no answer from Redis within 0.2 s")]
)
def test_without_redis_the_answer_is_a_clear_no_within_the_deadline(request, run, open_leases, url, reason):
    leases = open_leases(request.getfixturevalue(url), deadline_s=0.2)
    started_at = time.monotonic()
    with pytest.raises(LeasesUnavailable) as failure:
        run(leases.acquire(Claim("mno", 0, "r-1", "s-1", binds=1, max_binds=1)))
    assert time.monotonic() - started_at < 0.2 + SLACK_S
    assert str(failure.value) == reason
