"""The process that the user starts: it owns signals, the HTTP port and the exit code; the actors do the work."""

import asyncio
import logging
import os
import threading
import time
from functools import partial
from typing import Any

from actors.inspection import Node, collect
from actors.overview import overview_now
from actors.readiness import readiness
from actors.runtime.daemon_thread import in_daemon_thread
from actors.runtime.lanes import LaneWatch, lane_address
from actors.runtime.lifeline import is_alive, parent_pid
from actors.runtime.stop_signals import STOP_SIGNALS, release_stop_signals
from actors.runtime.system import (
    CLASS_OF_ROOT,
    HURRY_S,
    ROOT_NAME,
    ActorSystemFailed,
    RunningActorSystem,
    RuntimeFolder,
)
from adapters.http_endpoint import HttpEndpoint
from adapters.telemetry import metrics
from adapters.telemetry.logs import log_event
from adapters.telemetry.metric_files import MetricFiles
from config.settings import Settings
from config.version import version
from core.restarts import RestartPolicy

ALIVE_WITHIN_S = 5.0
ROOT_START_S = 20.0  # a root supervisor without a lane by then is taken for dead
TIDY_EVERY_S = 60.0  # the files of dead actors, where nobody scrapes

log = logging.getLogger(__name__)


class Service:
    """Runs from the started actor system until a signal asks it to stop."""

    def __init__(self, settings: Settings, system: RunningActorSystem, folder: RuntimeFolder) -> None:
        self._settings = settings
        self._system = system
        self._folder = folder
        self._metric_files = MetricFiles(folder.metrics)
        self._stopping = asyncio.Event()
        self._hurry = asyncio.Event()

    async def run(self) -> int:
        """Serves until SIGTERM or SIGINT; returns the exit code. Raises PortUnavailable."""
        loop = asyncio.get_running_loop()
        for number in STOP_SIGNALS:
            loop.add_signal_handler(number, self._asked_to_stop)
        release_stop_signals()
        endpoint = HttpEndpoint(self._status, self._alive, self._ready, self._metric_files.exposition, overview_now)
        port = await endpoint.start(self._settings.http_host, self._settings.http_port)
        metrics.gauge("smpp_build_info", version=version()).set(1)
        log_event(log, logging.INFO, "service_started", http_port=port)
        duties = [asyncio.create_task(duty) for duty in (self._supervise_root(), self._keep_tidy())]
        await self._stopping.wait()
        for duty in duties:
            duty.cancel()
        log_event(log, logging.INFO, "service_stopping")
        drained = await self._drain()
        await endpoint.stop()
        log_event(log, logging.INFO, "service_stopped", drained=drained)
        return 0

    def _asked_to_stop(self) -> None:
        if self._stopping.is_set():
            self._hurry.set()
        self._stopping.set()

    async def _supervise_root(self) -> None:
        """The root supervisor has no actor above it, and Thespian starts none anew: this process does."""
        watch = LaneWatch(lane_address(self._folder.lanes, ROOT_NAME))
        policy = RestartPolicy()
        restarts = metrics.counter("smpp_actor_restarts_total", actor=CLASS_OF_ROOT.rpartition(".")[2])
        admin = 0
        while True:
            policy.started(time.monotonic())
            if await watch.connected(ROOT_START_S):
                admin = parent_pid(watch.pid)
                await watch.lost()
            delay_s = policy.delay_s(time.monotonic())
            log_event(log, logging.ERROR, "root_died", restart_in_s=round(delay_s, 2))
            restarts.inc()
            await asyncio.sleep(delay_s)
            try:
                if not is_alive(admin):
                    raise ActorSystemFailed("its admin process is gone")
                restart = in_daemon_thread(partial(self._system.restart_root, policy.restarts))
                await asyncio.wait_for(restart, ROOT_START_S)
            except (ActorSystemFailed, TimeoutError) as error:
                log_event(log, logging.CRITICAL, "actor_system_gone", str(error))
                os._exit(1)  # whoever asks Thespian anything now waits for a dead process; the lifeline ends the rest

    async def _keep_tidy(self) -> None:
        while True:
            await asyncio.sleep(TIDY_EVERY_S)
            self._metric_files.tidy()

    async def _drain(self) -> bool:
        """Whether all actors reported in time, of which a second signal leaves them little."""
        timeout_s, hurry = self._settings.drain_timeout_s, threading.Event()
        waiting = in_daemon_thread(partial(self._system.drain, timeout_s, hurry))
        told = asyncio.create_task(self._hurry.wait())
        either: list[asyncio.Future[Any]] = [waiting, told]
        await asyncio.wait(either, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        if told.done():
            hurry.set()
            await asyncio.wait([waiting], timeout=HURRY_S)
        told.cancel()
        return waiting.done() and waiting.result()

    async def _status(self) -> dict[str, Any]:
        return await self._tree() or {}

    async def _alive(self) -> bool:
        return await in_daemon_thread(partial(self._system.is_alive, ALIVE_WITHIN_S))

    async def _ready(self) -> tuple[bool, str]:
        return readiness(await self._tree())

    async def _tree(self) -> Node | None:
        return await collect(self._folder.lanes)
