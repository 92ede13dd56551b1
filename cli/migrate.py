"""`smpp-connector migrate`: brings the Postgres schema `smpp` up to date."""

import argparse

from cli.command import ExitCode, add_config_argument, complain, settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)


def execute(args: argparse.Namespace) -> int:
    from adapters.postgres.errors import DatabaseError, InvalidDsn
    from adapters.postgres.migrate import EXPECTED_VERSION, migrate

    settings = settings_of(args, only=["POSTGRES_DSN"])
    try:
        applied = migrate(settings.postgres_dsn)
    except InvalidDsn as error:
        complain(str(error))
        return ExitCode.USAGE
    except DatabaseError as error:
        complain(str(error))
        return ExitCode.FAILURE
    for name in applied:
        print(f"applied {name}")
    print(f"schema smpp is at version {EXPECTED_VERSION}")
    return ExitCode.OK
