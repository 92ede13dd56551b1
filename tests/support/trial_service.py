"""The service with trivial actors in place of its own; a program. Everything else is the real thing."""

import asyncio
import os
import sys

from actors.runtime import body, closed_transport, system
from actors.runtime.surroundings import Surroundings
from actors.runtime.system import AlreadyRunning, RuntimeFolder, start_actor_system
from actors.service import Service
from adapters.telemetry import logs, metrics
from config.settings import load_settings
from core import roll_call

SETTINGS = ("RUNTIME_DIR", "HTTP_HOST", "HTTP_PORT", "LOG_LEVEL", "LOG_FORMAT", "DRAIN_TIMEOUT_S")
# Shorter than the real ones: tests wait for their end.
LOCK_WAIT_S, START_DEADLINE_S, ASK_EVERY_S, INCOMPLETE_S = 1.0, 3.0, 4.0, 1.0


def main() -> int:
    settings = load_settings(os.environ, only=SETTINGS)
    logs.configure(settings.log_level, settings.log_format, actor="main")
    system.LOCK_WAIT_S, body.START_DEADLINE_S, roll_call.ASK_EVERY_S = LOCK_WAIT_S, START_DEADLINE_S, ASK_EVERY_S
    closed_transport.INCOMPLETE_S = INCOMPLETE_S
    system.CLASS_OF_ROOT = "trial_actors.TrialRoot"
    _try_first(os.environ.get("FIRST_ADMIN_PORT"))
    folder = RuntimeFolder(settings.runtime_dir)
    with folder.hold():
        metrics.prepare(folder.metrics)
        running = start_actor_system(Surroundings(settings, folder.lanes, folder.metrics, folder.submits))
        try:
            return asyncio.run(Service(settings, running, folder).run())
        finally:
            running.stop()


def _try_first(port: str | None) -> None:
    """As if the kernel had named it as free."""
    if port is not None:
        rest, first = system._free_port, [int(port)]
        system._free_port = lambda: first.pop() if first else rest()


if __name__ == "__main__":
    try:
        sys.exit(main())
    except AlreadyRunning as refusal:
        sys.exit(str(refusal))
