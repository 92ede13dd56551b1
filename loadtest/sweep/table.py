"""A table message_correlations as after days of traffic: half of its rows expired, in the order of their time."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg import sql

CHUNK = 500_000  # rows of one INSERT
SPAN_S = 86_400  # before now, the expired ones; after now, the others

# As settled rows of one segment are: message ids without any order, smsc_message_ids rising.
FILL = """
INSERT INTO smpp.message_correlations (
    operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr,
    submitted_at, final_at, settled_at, expires_at, metadata, traceparent
)
SELECT
    'op-' || n %% 10, n::text, n::text, md5(n::text), 1, 1, 'DELIVERED', true, now(), now(), now(),
    now() + make_interval(secs => (2.0 * n / %(rows)s - 1 + (n >= %(rows)s / 2)::int) * %(span_s)s + %(later_s)s),
    '{}', ''
FROM generate_series(%(first)s::bigint, %(last)s::bigint) AS n
"""

INDEXES = "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'smpp' AND tablename = 'message_correlations'"
BEGUN = "SELECT NOT EXISTS (SELECT FROM smpp.message_correlations WHERE message_id = md5('0'))"
COUNTS = "SELECT count(*) FILTER (WHERE expires_at <= now()), count(*) FROM smpp.message_correlations"

Session = psycopg.Connection[tuple[Any, ...]]


def fill(dsn: str, rows: int, progress: Callable[[int], None], later_s: float = 0.0) -> None:
    """`rows` of them, the first half expired; vacuumed and analysed, as by autovacuum in the meantime.

    later_s: by how much all of them expire later; with more than SPAN_S none has expired.
    """
    with psycopg.connect(dsn, autocommit=True) as session:
        with _without_indexes(session):
            for first in range(0, rows, CHUNK):
                last = min(first + CHUNK, rows) - 1
                session.execute(
                    FILL, {"rows": rows, "first": first, "last": last, "span_s": SPAN_S, "later_s": later_s}
                )
                progress(last + 1)
        session.execute("VACUUM (ANALYZE) smpp.message_correlations")


def is_begun(dsn: str) -> bool:
    """Whether the oldest row is gone."""
    with psycopg.connect(dsn) as session:
        return session.execute(BEGUN).fetchone() == (True,)


def counts(dsn: str) -> tuple[int, int]:
    """Expired rows, and all."""
    with psycopg.connect(dsn) as session:
        expired, total = session.execute(COUNTS).fetchone() or (0, 0)
        return int(expired), int(total)


@contextmanager
def _without_indexes(session: Session) -> Iterator[None]:
    """They are made again, from their own definitions, when the rows are there: a fraction of the time."""
    definitions = session.execute(INDEXES).fetchall()
    for name, _definition in definitions:
        session.execute(sql.SQL("DROP INDEX smpp.{}").format(sql.Identifier(name)))
    yield
    for _name, definition in definitions:
        session.execute(definition)
