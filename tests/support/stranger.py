"""Somebody else on this machine: a fork that becomes another user or goes into another network, and tries things."""

import ctypes
import json
import os
import select
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from sandbox.account import Account

TRIES_S = 30.0
COMMAND_S = 10.0
CLONE_NEWNET = 0x40000000  # sched.h

Attempts = Mapping[str, Callable[[], object]]
Outcomes = dict[str, str]


def outcomes_for(become: Callable[[], None], attempts: Attempts) -> Outcomes:
    """How each attempt ends for somebody who has become another: "done", or the name of the OSError.

    An attempt may need nothing that is loaded from a file: another user may not read what we may.
    """
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        _try_all(become, attempts, writer)
    os.close(writer)
    try:
        return _read_outcomes(reader)
    finally:
        os.close(reader)
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)


def another_user(account: Account) -> Callable[[], None]:
    """Whoever calls it is that user from then on; for root."""

    def become() -> None:
        os.setgroups([])
        os.setgid(account.gid)
        os.setuid(account.uid)

    return become


class NoNamespace(Exception):
    """This machine does not let us make a network of our own; the message is what it said."""


@contextmanager
def another_network(name: str, ours: str, theirs: str) -> Iterator[Callable[[], None]]:
    """A network namespace with a cable to this one, addresses at its ends; whoever calls what it gives is in there from
    then on. Raises NoNamespace."""
    _ip("netns", "add", name)
    try:
        _ip("link", "add", name, "type", "veth", "peer", "name", "eth0", "netns", name)
        _ip("address", "add", f"{ours}/30", "dev", name)
        _ip("link", "set", name, "up")
        for command in (f"address add {theirs}/30 dev eth0", "link set eth0 up", "link set lo up"):
            _ip("-netns", name, *command.split())
        yield lambda: _enter(name)
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=False, timeout=COMMAND_S)


def _enter(name: str) -> None:
    namespace = os.open(f"/run/netns/{name}", os.O_RDONLY)
    if ctypes.CDLL(None, use_errno=True).setns(namespace, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


def _ip(*arguments: str) -> None:
    try:
        subprocess.run(["ip", *arguments], check=True, capture_output=True, text=True, timeout=COMMAND_S)
    except FileNotFoundError:
        raise NoNamespace("there is no ip command (iproute2)") from None
    except subprocess.CalledProcessError as error:
        raise NoNamespace(f"ip {' '.join(arguments)}: {error.stderr.strip()}") from None


def _try_all(become: Callable[[], None], attempts: Attempts, writer: int) -> None:
    """In the fork, which must not end as the program of the tests does: its parent kills it."""
    try:
        become()
        outcomes = {name: _outcome(attempt) for name, attempt in attempts.items()}
        with os.fdopen(writer, "w") as told:
            json.dump(outcomes, told)
    finally:
        os.kill(os.getpid(), signal.SIGKILL)


def _outcome(attempt: Callable[[], object]) -> str:
    try:
        attempt()
    except OSError as error:
        return type(error).__name__
    return "done"


def _read_outcomes(reader: int) -> Outcomes:
    told = b""
    while select.select([reader], [], [], TRIES_S)[0] and (part := os.read(reader, 65_536)):
        told += part
    assert told, "the stranger told nothing"
    outcomes: Outcomes = json.loads(told)
    return outcomes
