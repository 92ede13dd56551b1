"""`smpp-connector run`: the service, until a signal stops it."""

import argparse
import asyncio
import os
import signal
from typing import TYPE_CHECKING

from actors.runtime.stop_signals import STOP_SIGNALS, hold_stop_signals, release_stop_signals
from cli.command import ExitCode, add_config_argument, complain, settings_of
from config.settings import Settings

if TYPE_CHECKING:
    from actors.runtime.system import RuntimeFolder


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)


def execute(args: argparse.Namespace) -> int:
    from actors.runtime.core_dumps import forbid_core_dumps
    from actors.runtime.system import ActorSystemFailed, AlreadyRunning, FolderUnusable, RuntimeFolder
    from adapters.http_endpoint import PortUnavailable
    from adapters.postgres.errors import InvalidDsn, MigrationChanged, SchemaNotMigrated
    from adapters.telemetry import logs, metrics

    settings = settings_of(args)
    forbid_core_dumps()
    for number in STOP_SIGNALS:
        signal.signal(number, _stop_before_start)
    os.register_at_fork(after_in_child=_leave_the_end_to_thespian)
    logs.configure(settings.log_level, settings.log_format, actor="main")
    folder = RuntimeFolder(settings.runtime_dir)
    try:
        with folder.hold():
            metrics.prepare(folder.metrics)
            _wait_for_schema(settings)
            return _serve(settings, folder)
    except (SchemaNotMigrated, MigrationChanged, InvalidDsn, AlreadyRunning, FolderUnusable) as error:
        complain(str(error))
        return ExitCode.USAGE
    except ActorSystemFailed as error:
        complain(f"the actor system did not start: {error}")
    except PortUnavailable as error:
        complain(str(error))
    return ExitCode.FAILURE


def _stop_before_start(_number: int, _frame: object) -> None:
    """Until the actors are started: end in order, with the folder cleared."""
    raise SystemExit(ExitCode.OK)


def _leave_the_end_to_thespian() -> None:
    """In the processes of the actors, which it gives handlers of its own in a moment. A terminal's SIGINT is for the
    main process."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    release_stop_signals()


def _wait_for_schema(settings: Settings) -> None:
    """In an event loop of its own, which has ended, with its threads, before the actor system forks its processes."""
    from actors.schema_wait import wait_for_schema

    asyncio.run(wait_for_schema(settings))


def _serve(settings: Settings, folder: "RuntimeFolder") -> int:
    from actors.runtime.surroundings import Surroundings
    from actors.runtime.system import start_actor_system
    from actors.service import Service

    hold_stop_signals()  # until the service listens
    system = start_actor_system(Surroundings(settings, folder.lanes, folder.metrics, folder.submits))
    try:
        return asyncio.run(Service(settings, system, folder).run())
    finally:
        system.stop()
