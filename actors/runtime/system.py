"""Starts and ends the actor system of one service. The whole process tree is ours: nothing of it outlives the owner."""

import contextlib
import fcntl
import gc
import importlib
import os
import secrets
import shutil
import socket
import stat
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from thespian.actors import ActorAddress, ActorSystem, ActorSystemException

from actors.runtime.closed_transport import LOOPBACK, close_transport
from actors.runtime.folder_lock import LOCK
from actors.runtime.lifeline import Lifeline
from actors.runtime.shared_memory import keep_shared
from actors.runtime.surroundings import Surroundings, set_surroundings
from adapters.telemetry import tracing
from adapters.telemetry.log_lines import ConsoleLines, JsonLines
from config.settings import LogFormat
from messages.control import Drain, Drained, Ping, Pong, Start

SECRET_BYTES = 32
PRIVATE = 0o700
LOCK_WAIT_S = 5.0  # the kernel needs a moment to end what a killed service has left
START_TRIES = 3
GC_THRESHOLDS = (50_000, 20, 100)
SHUTDOWN_TIMEOUT_S = 3.0  # Thespian itself waits 10 s for an actor that hangs
ANSWER_SLACK_S = 2.0  # beyond the time for the drain, for the answer to come back
HURRY_S = 2.0  # for a drain that is to end at once: an unbind and its answer, and the writing of what is there
LISTEN_S = 0.1  # at a time, between looks whether it is to

CLASS_OF_ROOT = "actors.connector.Connector"
ROOT_NAME = "connector"


class AlreadyRunning(Exception):
    """Another service holds this RUNTIME_DIR."""


class FolderUnusable(Exception):
    """RUNTIME_DIR cannot be the private folder of a service. The message names it and says why."""


class ActorSystemFailed(Exception):
    """The actor system did not start."""


@dataclass(frozen=True)
class RuntimeFolder:
    """RUNTIME_DIR: private to this user, held by one service at a time."""

    path: Path

    @property
    def lanes(self) -> Path:
        return self.path / "lanes"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics"

    @property
    def submits(self) -> Path:
        """Kept from a killed service for the next one."""
        return self.path / "submits"

    @property
    def thespian_log(self) -> Path:
        """What Thespian writes about itself, beside our log."""
        return self.path / "thespian.log"

    @property
    def lock(self) -> Path:
        return self.path / LOCK

    @contextlib.contextmanager
    def hold(self) -> Iterator[None]:
        """Take the folder, empty what a killed service left, and clear it away at the end.

        Raises AlreadyRunning and FolderUnusable. Every process of the service inherits the lock, so it is free only
        when all have ended.
        """
        self._make_private()
        lock = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            self._take(lock)
            with contextlib.ExitStack() as at_the_end:
                self._clear()
                at_the_end.callback(self._clear)
                self._furnish(lock)
                yield
        finally:
            os.close(lock)

    def _make_private(self) -> None:
        """Not where others may have things: /tmp or a home, named by mistake, would be shut to them."""
        own = {path.name for path in (self.lanes, self.metrics, self.submits, self.thespian_log, self.lock)}
        try:
            self.path.mkdir(mode=PRIVATE, parents=True, exist_ok=True)
            others = {path.name for path in self.path.iterdir()} - own
            if others and stat.S_IMODE(self.path.stat().st_mode) != PRIVATE:
                raise FolderUnusable(
                    f"RUNTIME_DIR: {self.path} holds other things ({min(others)}); name a folder of its own"
                )
            self.path.chmod(PRIVATE)
        except OSError as error:
            raise self._unusable(error) from None

    def _furnish(self, lock: int) -> None:
        """Room for what the processes keep here, and the name of the owner."""
        try:
            for folder in (self.lanes, self.metrics, self.submits):
                folder.mkdir(mode=PRIVATE, exist_ok=True)
            os.ftruncate(lock, 0)
            os.pwrite(lock, str(os.getpid()).encode(), 0)
        except OSError as error:
            raise self._unusable(error) from None

    def _unusable(self, error: OSError) -> FolderUnusable:
        return FolderUnusable(f"RUNTIME_DIR: {error.strerror}: {self.path}")

    def _take(self, lock: int) -> None:
        deadline = time.monotonic() + LOCK_WAIT_S
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise AlreadyRunning(f"another service (pid {self.owner()}) runs in {self.path}") from None
                time.sleep(0.05)
            else:
                return

    def owner(self) -> int:
        """Pid of the main process that holds the folder; 0 when none was written."""
        with contextlib.suppress(FileNotFoundError, ValueError):
            return int(self.lock.read_text())
        return 0

    def _clear(self) -> None:
        """All but the lock: were it removed, one who waits for it and one who makes it anew would both get theirs."""
        for folder in (self.lanes, self.metrics):
            shutil.rmtree(folder, ignore_errors=True)
        with contextlib.suppress(OSError):  # not empty, or not there
            self.submits.rmdir()
        self.thespian_log.unlink(missing_ok=True)


class RunningActorSystem:
    """The started actor system with its root supervisor, as the main process holds it. Its calls may be made in any
    thread, one conversation at a time."""

    def __init__(self, system: ActorSystem, root: ActorAddress) -> None:
        self._system = system
        self._root = root
        self._conversation = threading.Lock()

    def is_alive(self, within_s: float) -> bool:
        """Whether the root supervisor's mailbox answers in time."""
        if not self._conversation.acquire(timeout=within_s):
            return False
        try:
            return self._converse(Ping(), Pong, within_s)
        finally:
            self._conversation.release()

    def drain(self, timeout_s: float, hurry: threading.Event) -> bool:
        """Whether all actors have finished their work within the time, or within HURRY_S once they are to hurry."""
        with self._conversation:
            drain = Drain(time.monotonic() + timeout_s)
            if self._converse(drain, Drained, timeout_s + ANSWER_SLACK_S, until=hurry):
                return True
            return hurry.is_set() and self._converse(Drain(time.monotonic() + HURRY_S), Drained, HURRY_S)

    def restart_root(self, restarts: int) -> None:
        """A new root supervisor in place of a dead one. Raises ActorSystemFailed when the actor system is gone too."""
        with self._conversation:
            try:
                self._root = self._system.createActor(CLASS_OF_ROOT)
            except ActorSystemException as error:
                raise ActorSystemFailed(type(error).__name__) from error
            self._system.tell(self._root, Start(ROOT_NAME, restarts))

    def stop(self) -> None:
        """End it in order; what does not end in time the kernel ends with this process."""
        ending = threading.Thread(target=self._system.shutdown, daemon=True)
        ending.start()
        ending.join(SHUTDOWN_TIMEOUT_S)

    def _converse(self, question: Any, answer: type, within_s: float, until: threading.Event | None = None) -> bool:
        """Answers to earlier questions may still come; they are passed over. until: given up then."""
        deadline = time.monotonic() + within_s
        self._system.tell(self._root, question)
        while (left_s := deadline - time.monotonic()) > 0 and not (until and until.is_set()):
            if isinstance(self._system.listen(timedelta(seconds=min(left_s, LISTEN_S))), answer):
                return True
        return False


# Imported before the first fork: all actors share the memory, and a logger that Thespian's admin process creates would
# write through Thespian in every actor.
PRELOADED = (
    "actors.connector",
    "actors.correlations.actor",
    "actors.router.actor",
    "actors.health.actor",
    "actors.operator.actor",
    "actors.receipts.actor",
    "actors.session.actor",
    # Else imported by each process for itself: at the first name that it looks up, and at the first login to NATS.
    "encodings.idna",
    "nkeys",
)


def start_actor_system(surroundings: Surroundings) -> RunningActorSystem:
    """Start it before any thread, socket or event loop exists in this process: actors are forked from it."""
    for module in PRELOADED:
        importlib.import_module(module)
    tracing.prepare(surroundings.settings.otel)
    set_surroundings(surroundings)
    close_transport(secrets.token_bytes(SECRET_BYTES))
    os.environ["THESPLOG_FILE"] = str(RuntimeFolder(surroundings.lanes.parent).thespian_log)
    Lifeline().arm()
    with _garbage_collection_of_actors():
        system = _start_on_free_port(_log_definitions(surroundings.settings.log_format))
    root = system.createActor(CLASS_OF_ROOT, globalName=ROOT_NAME)
    system.tell(root, Start(ROOT_NAME, 0))
    return RunningActorSystem(system, root)


@contextlib.contextmanager
def _garbage_collection_of_actors() -> Iterator[None]:
    """For what is forked in the block: modules stay out of the collector's way, and in memory shared by all actors.

    Measured at saturation: 15 to 20 % of the actors' CPU went into collections that found nothing, and PSS was 260
    instead of 170 MiB. Not for this process: each of its connections, such as a scrape's, leaves 1 kB of cycles in
    asyncio, which would gather to 12 MiB.
    """
    keep_shared()
    usual = gc.get_threshold()
    gc.set_threshold(*GC_THRESHOLDS)
    try:
        yield
    finally:
        gc.set_threshold(*usual)


def _start_on_free_port(log_definitions: dict[str, Any]) -> ActorSystem:
    for attempt in range(1, START_TRIES + 1):
        capabilities = {"Admin Port": _free_port(), "Process Startup Method": "fork"}
        try:
            return ActorSystem("multiprocTCPBase", capabilities, logDefs=log_definitions)
        except ActorSystemException as error:
            if attempt == START_TRIES:
                raise ActorSystemFailed(type(error).__name__) from error
    raise ActorSystemFailed


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def _log_definitions(log_format: LogFormat) -> dict[str, Any]:
    """Thespian's own records go through one process of its own, which writes them as our lines."""
    lines = JsonLines if log_format is LogFormat.JSON else ConsoleLines
    return {
        "version": 1,
        "formatters": {"lines": {"()": f"{lines.__module__}.{lines.__name__}", "context": {"actor": "thespian"}}},
        "handlers": {"out": {"class": "logging.StreamHandler", "formatter": "lines", "stream": "ext://sys.stdout"}},
        "root": {"level": "WARNING", "handlers": ["out"]},
    }
