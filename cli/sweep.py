"""`smpp-connector sweep`: removes expired correlations, in batches that do not disturb the service."""

import argparse
import asyncio
from functools import partial

from adapters.postgres.sweeping import BATCH, swept_batches
from cli.command import ExitCode, add_config_argument, complain, settings_of


def add_arguments(parser: argparse.ArgumentParser) -> None:
    add_config_argument(parser)
    parser.add_argument("--batch", type=_batch, default=BATCH, metavar="N", help=f"rows at a time ({BATCH})")


def execute(args: argparse.Namespace) -> int:
    from adapters.postgres.errors import DatabaseError, InvalidDsn, SchemaNotMigrated

    settings = settings_of(args, only=["POSTGRES_DSN"])
    try:
        swept = asyncio.run(_sweep(settings.postgres_dsn, args.batch))
    except (InvalidDsn, SchemaNotMigrated) as error:
        complain(str(error))
        return ExitCode.USAGE
    except DatabaseError as error:
        complain(str(error))
        return ExitCode.FAILURE
    print(f"swept {swept} correlations")
    return ExitCode.OK


async def _sweep(dsn: str, batch: int) -> int:
    from adapters.postgres.connection import PostgresConnection
    from adapters.postgres.correlations import CorrelationStore
    from adapters.postgres.migrate import require_migrated

    require_migrated(dsn)
    connection = PostgresConnection(dsn, "smpp-connector sweep")
    store = CorrelationStore(connection)
    try:
        return sum([swept async for swept in swept_batches(partial(store.sweep, batch))])
    finally:
        await connection.close()


def _batch(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100_000:
        raise argparse.ArgumentTypeError("expected a number, 1 to 100000")
    return int(text)
