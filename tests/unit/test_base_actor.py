"""The shell of an actor, without Thespian around it."""

import os
from collections.abc import Iterator

import pytest
from thespian.actors import ActorExitRequest, ThespianWatch, WatchMessage

from actors.runtime.base import BaseActor


@pytest.fixture
def actor() -> Iterator[BaseActor]:
    """Its sockets live as long as its process; here they end with the test."""
    actor = BaseActor()
    with actor._wake_in, actor._wake_out:
        yield actor


def watched(watch: ThespianWatch) -> list[int]:
    """What the descriptors that Thespian is to look at lead to."""
    return [os.fstat(descriptor).st_ino for descriptor in watch.filenos]


def test_an_actor_that_is_told_to_exit_keeps_what_thespian_looks_at(actor: BaseActor):
    """Thespian keeps the last watch while it waits for the children: a closed one's number would be a connection's."""
    at_work = watched(actor.receiveMessage(WatchMessage([]), None))

    assert watched(actor.receiveMessage(ActorExitRequest(), None)) == at_work
