"""`smpp-connector run`: the service, until a signal stops it."""

import argparse
import asyncio
import logging
import signal
import time
from typing import TYPE_CHECKING

from cli.command import ExitCode, add_config_argument, complain, settings_of
from config.settings import Settings

if TYPE_CHECKING:
    from actors.runtime.system import RuntimeFolder

SCHEMA_FIRST_S, SCHEMA_MOST_S = 0.5, 10.0  # between looks at a Postgres that is not up yet

log = logging.getLogger(__name__)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)


def execute(args: argparse.Namespace) -> int:
    from actors.runtime.system import ActorSystemFailed, AlreadyRunning, RuntimeFolder
    from adapters.postgres.errors import InvalidDsn, MigrationChanged, SchemaNotMigrated
    from adapters.telemetry import logs

    settings = settings_of(args)
    signal.signal(signal.SIGTERM, _stop_before_start)
    logs.configure(settings.log_level, settings.log_format, actor="main")
    folder = RuntimeFolder(settings.runtime_dir)
    try:
        with folder.hold():
            _wait_for_schema(settings)
            return _serve(settings, folder)
    except (SchemaNotMigrated, MigrationChanged, InvalidDsn, AlreadyRunning) as error:
        complain(str(error))
        return ExitCode.USAGE
    except ActorSystemFailed as error:
        complain(f"the actor system did not start: {error}")
    except OSError as error:
        complain(f"{error.strerror or type(error).__name__}: {error.filename or settings.runtime_dir}")
    return ExitCode.FAILURE


def _stop_before_start(_number: int, _frame: object) -> None:
    """Until the service has its own handler: end in order, with the folder cleared."""
    raise SystemExit(ExitCode.OK)


def _wait_for_schema(settings: Settings) -> None:
    from adapters.postgres.errors import DatabaseUnavailable
    from adapters.postgres.migrate import require_migrated
    from adapters.telemetry.logs import log_event
    from core.backoff import Backoff

    backoff = Backoff(SCHEMA_FIRST_S, SCHEMA_MOST_S)
    while True:
        try:
            return require_migrated(settings.postgres_dsn)
        except DatabaseUnavailable as error:
            delay_s = backoff.next_s()
            log_event(log, logging.WARNING, "postgres_unavailable", str(error), retry_in_s=round(delay_s, 1))
            time.sleep(delay_s)


def _serve(settings: Settings, folder: "RuntimeFolder") -> int:
    from adapters.telemetry import metrics

    metrics.prepare(folder.metrics)

    from actors.runtime.surroundings import Surroundings
    from actors.runtime.system import start_actor_system
    from actors.service import Service

    system = start_actor_system(Surroundings(settings, folder.lanes, folder.metrics, folder.submits))
    try:
        return asyncio.run(Service(settings, system, folder).run())
    finally:
        system.stop()
