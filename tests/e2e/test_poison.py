"""What only Postgres finds to be unusable: it ends, and holds up nothing else."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import DEAD, EVENT_S, Platform
from simulated_operator import SimulatedOperator
from trace_collector import new_trace
from waiting import wait_until

from sandbox.stack import Stack

TABLE = "ALTER TABLE smpp.message_correlations"


@contextmanager
def refused_by_postgres(stack: Stack, message_id: str) -> Iterator[None]:
    """A row of this message violates a constraint."""
    with psycopg.connect(stack.postgres.dsn, passfile=str(stack.postgres.passfile), autocommit=True) as session:
        session.execute(f"{TABLE} ADD CONSTRAINT not_this CHECK (message_id <> '{message_id}') NOT VALID")
        try:
            yield
        finally:
            session.execute(f"{TABLE} DROP CONSTRAINT not_this")


def test_a_row_that_postgres_does_not_take_ends_its_dispatch_and_holds_up_no_other(
    stack: Stack, loop: BackgroundLoop, service: Callable[..., ConnectorProcess]
):
    with SimulatedOperator(loop, "poisoned") as operator:
        connector = service(operator)
        with Platform(loop, stack) as platform, refused_by_postgres(stack, "unstorable"):
            trace_id, traceparent = new_trace()
            platform.dispatch("poisoned", {"traceparent": traceparent}, message_id="unstorable")
            for message_id in [platform.dispatch("poisoned") for _ in range(5)]:
                platform.final_event(message_id)
            (event,) = platform.wait_for(DEAD, "poisoned")
            wait_until(lambda: platform.unsettled("poisoned") == 0, EVENT_S, "every dispatch acknowledged")

        assert event["reason"] == "the database refused a statement: CheckViolation (SQLSTATE 23514)"
        (line,) = connector.events("correlation_refused")
        assert (line["operator_id"], line["message_id"], line["trace_id"]) == ("poisoned", "unstorable", trace_id)
