"""The host of an endpoint is a name, and what it means can change (issue 3, row 2)."""

import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from typing import Protocol

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Operators, Sites
from named_hosts import NamedHostsProcess, can_name_hosts
from operator_site import Site

from sandbox.stack import Stack

pytestmark = [
    pytest.mark.scenarios,
    pytest.mark.skipif(not can_name_hosts(), reason="this machine allows no namespace for mounts (unshare --mount)"),
]

NAME = "smsc.example"
FIRST, SECOND, THIRD, SIXTH = "127.0.0.1", "127.0.0.2", "127.0.0.3", "::1"

QUEUE = 4  # more than Linux keeps for a backlog of 0


class Connected(Protocol):
    """Starts a service for which NAME has these addresses, and returns when it is bound at this site."""

    def __call__(self, site: Site, addresses: Sequence[str]) -> NamedHostsProcess: ...


@pytest.fixture
def fleet(stack: Stack, loop: BackgroundLoop, prepared: None) -> Iterator[Fleet]:
    with Fleet(stack, loop, NamedHostsProcess) as running:
        yield running


@pytest.fixture
def connected(operator: Operators, fleet: Fleet) -> Connected:
    def start(site: Site, addresses: Sequence[str]) -> NamedHostsProcess:
        mno = operator(site, endpoints=[{"host": NAME, "port": site.smsc.port}])
        fleet.tell()
        service = _named(*fleet.start("one"))
        service.name_host(NAME, addresses)
        fleet.tell(mno)
        mno.wait_bound(service)
        return service

    return start


def _named(service: ConnectorProcess) -> NamedHostsProcess:
    assert isinstance(service, NamedHostsProcess)
    return service


@contextmanager
def never_answering(address: str, port: int) -> Iterator[None]:
    """A listener whose queue is full: the kernel drops what else asks to connect."""
    with ExitStack() as sockets:
        listener = sockets.enter_context(socket.create_server((address, port), backlog=0))
        for _ in range(QUEUE):
            waiting = sockets.enter_context(socket.socket())
            waiting.setblocking(False)
            waiting.connect_ex(listener.getsockname())
        yield


@pytest.mark.parametrize(
    "addresses", [(FIRST, THIRD), (SIXTH, THIRD), (SIXTH, FIRST, SECOND, THIRD)], ids=["second", "IPv4", "last"]
)
def test_all_addresses_of_a_name_are_tried(site: Sites, connected: Connected, addresses: Sequence[str]) -> None:
    smsc = site(host=THIRD)  # which the resolver, too, puts last
    connected(smsc, addresses)
    assert smsc.binds["now"] == 1


def test_an_address_that_never_answers_does_not_keep_the_others_from_being_tried(
    site: Sites, connected: Connected
) -> None:
    smsc = site(host=THIRD)
    with never_answering(FIRST, smsc.smsc.port):
        connected(smsc, [FIRST, THIRD])
    assert smsc.binds["now"] == 1


def test_an_smsc_with_an_ipv6_address_is_bound(site: Sites, connected: Connected) -> None:
    smsc = site(host=SIXTH)
    connected(smsc, [SIXTH])
    assert smsc.binds["now"] == 1


def test_a_name_is_resolved_anew_at_every_connect(site: Sites, connected: Connected) -> None:
    old = site(host=FIRST)
    new = site(host=SECOND, port=old.smsc.port)
    service = connected(old, [FIRST])
    service.name_host(NAME, [SECOND])
    old.act("drop")
    new.wait_for_binds(1)
    assert old.binds["now"] == 0
