"""How the server finds rows: through the right index, one row per search, whatever it believes of the table.

A plan is made once per connection and stays. The worst case is the usual one: made while the table is empty, and known
to be empty from its last VACUUM, then used while it fills without ever having been analysed.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import psycopg
import pytest

from adapters.postgres.connection import SESSION_SETTINGS
from adapters.postgres.statements import statement

ROWS = 20_000
BATCH = 100

CORRELATIONS, UNANSWERED = "message_correlations", "unanswered_submits"

FILL_CORRELATIONS = f"""
    INSERT INTO smpp.message_correlations
        (operator_id, smsc_message_id, smsc_message_id_key, message_id, segment, segments, status, request_dlr,
         submitted_at, expires_at, metadata, traceparent)
    SELECT 'op-1', 'k' || n, 'k' || n, 'm' || n, 1, 1, 'ACCEPTED', true, now(), now() + interval '1 h', '{{}}', ''
    FROM generate_series(1, {ROWS}) n
"""
FILL_UNANSWERED = f"""
    INSERT INTO smpp.unanswered_submits (message_id, operator_id, segment)
    SELECT 'm' || n, 'op-1', 1 FROM generate_series(1, {ROWS}) n
"""

KEYS = f"'{{{','.join(f'k{number}' for number in range(7001, 7001 + BATCH))}}}'"
MESSAGES = KEYS.replace("k", "m")
OPERATORS = f"array_fill('op-1'::text, ARRAY[{BATCH}])"
SEGMENTS = f"array_fill(1::smallint, ARRAY[{BATCH}])"
DELIVERED = f"array_fill('DELIVERED'::text, ARRAY[{BATCH}]), array_fill(true, ARRAY[{BATCH}])"


class Search(NamedTuple):
    """A statement that looks up a batch: its arguments, and the index of the table that it must use."""

    arguments: str
    table: str
    index: str


SEARCHES = {
    "apply_receipts": Search(f"{OPERATORS}, {KEYS}, {DELIVERED}", CORRELATIONS, "message_correlations_smsc_message_id"),
    "settle_segments": Search(f"{MESSAGES}, {OPERATORS}, {SEGMENTS}", CORRELATIONS, "message_correlations_segment"),
    "read_segments": Search(f"{MESSAGES}, {OPERATORS}, {SEGMENTS}", CORRELATIONS, "message_correlations_segment"),
    "find_accepted_segments": Search(f"'op-1', {MESSAGES}", CORRELATIONS, "message_correlations_segment"),
    "find_unanswered_segments": Search(f"'op-1', {MESSAGES}", UNANSWERED, "unanswered_submits_pkey"),
}


@pytest.fixture
def session(dsn: str) -> Iterator[psycopg.Connection[Any]]:
    """A session with the settings of ours, on tables that nobody vacuums or analyses behind the test's back."""
    with psycopg.connect(dsn, autocommit=True) as connection:
        for table in (CORRELATIONS, UNANSWERED):
            connection.execute(f"ALTER TABLE smpp.{table} SET (autovacuum_enabled = off)".encode())
        for name, value in SESSION_SETTINGS.items():
            connection.execute("SELECT set_config(%s, %s, false)", (name, value))
        connection.execute("SET plan_cache_mode = force_generic_plan")
        yield connection
        for table in (CORRELATIONS, UNANSWERED):
            connection.execute(f"ALTER TABLE smpp.{table} RESET (autovacuum_enabled)".encode())


def scans_of(table: str, plan: dict[str, Any]) -> list[tuple[str, str, float]]:
    """(kind, index, rows per search) of each node that reads from the table."""
    found = [scan for child in plan.get("Plans", ()) for scan in scans_of(table, child)]
    if plan.get("Relation Name") == table and plan["Node Type"] != "ModifyTable":
        rows = plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0)
        found.append((plan["Node Type"], plan.get("Index Name", ""), rows))
    return found


def prepare_and_use(session: psycopg.Connection[Any], name: str) -> None:
    session.execute(b"PREPARE search AS " + statement(name))
    session.execute(f"EXECUTE search ({SEARCHES[name].arguments})".encode())


@pytest.mark.parametrize("vacuumed", [False, True], ids=["never vacuumed", "vacuumed while empty"])
@pytest.mark.parametrize("name", SEARCHES)
def test_a_plan_made_for_an_empty_table_searches_a_full_one_by_one_row_at_a_time(session, name, vacuumed):
    arguments, table, index = SEARCHES[name]
    if vacuumed:
        session.execute(f"VACUUM smpp.{table}".encode())
    prepare_and_use(session, name)
    for fill in (FILL_CORRELATIONS, FILL_UNANSWERED):
        session.execute(fill.encode())
    if name == "settle_segments":
        session.execute("UPDATE smpp.message_correlations SET final_at = now()")
    explain = f"EXPLAIN (ANALYZE, TIMING off, FORMAT json) EXECUTE search ({arguments})"
    (((answer,),),) = (session.execute(explain.encode()).fetchall(),)
    scans = scans_of(table, answer[0]["Plan"])
    assert scans[0] == ("Index Scan", index, 1)
    assert [(kind, rows) for kind, _, rows in scans[1:]] in ([], [("Tid Scan", 1)])


def test_receipts_and_settlements_touch_no_index(run, correlations, receipts, connect, accepted, receipt, query):
    """Heap-only updates: what makes them cheap, and lost as soon as an index mentions one of their columns."""
    names = [f"m-{number}" for number in range(500)]
    run(correlations.write([accepted(name) for name in names]))
    before = updates(query)
    connection = connect()
    store = type(receipts)(connection)
    applied = run(store.apply([receipt(name) for name in names]))
    run(store.flush_settled([each.segment.key for each in applied]))
    run(connection.run((b"SELECT pg_stat_force_next_flush()", ())))
    everything, heap_only = (after - before for after, before in zip(updates(query), before, strict=True))
    assert everything == 1000
    assert heap_only > 900  # not always all: now and then a page still holds what another session may look at


def updates(query) -> tuple[int, ...]:
    """All, and the heap-only ones, as far as the sessions have reported them."""
    query("SELECT pg_stat_clear_snapshot()")
    (counts,) = query("SELECT n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables WHERE relname = 'message_correlations'")
    return counts
