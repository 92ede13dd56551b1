"""A collector that is away, stuck or full of errors: messages go their way, the log says it once, the stop is quick."""

import time
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from background_loop import BackgroundLoop
from connector_process import DRAIN_TIMEOUT_S, ConnectorProcess
from platform_side import Platform
from services import Services
from simulated_operator import SimulatedOperator
from trace_collector import TraceCollector, new_trace
from waiting import wait_until

from sandbox.stack import Stack

MESSAGES = 300
SMALL = {"OTEL_BSP_MAX_QUEUE_SIZE": "100", "OTEL_BSP_MAX_EXPORT_BATCH_SIZE": "50", "OTEL_EXPORTER_OTLP_TIMEOUT": "500"}
COMPLAINED_S = 20.0


@pytest.fixture
def operator(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    with SimulatedOperator(loop, "untraceable", {"tps": 1000}) as running:
        yield running


def is_away(collector: TraceCollector) -> None:
    collector.close()


def is_stuck(collector: TraceCollector) -> None:
    collector.is_stuck = True


def answers_500(collector: TraceCollector) -> None:
    collector.status = 500


def answers_503(collector: TraceCollector) -> None:
    collector.status = 503


@pytest.mark.parametrize("fault", [is_away, is_stuck, answers_500, answers_503])
def test_a_collector_that_takes_nothing_harms_nothing(
    fault: Callable[[TraceCollector], None],
    stack: Stack,
    loop: BackgroundLoop,
    services: Services,
    operator: SimulatedOperator,
):
    with TraceCollector() as collector:
        fault(collector)
        with services.running(operator, **collector.settings, **SMALL) as connector:
            with Platform(loop, stack) as platform:
                sent = [platform.dispatch("untraceable", {"traceparent": new_trace()[1]}) for _ in range(MESSAGES)]
                for message_id in sent:
                    platform.final_event(message_id)
                wait_until(lambda: lost(connector), COMPLAINED_S, "a line in the log")
            asked_at = time.monotonic()
            assert connector.finish() == 0
            took_s = time.monotonic() - asked_at

            assert took_s < DRAIN_TIMEOUT_S
            assert [line["drained"] for line in connector.events("service_stopped")] == [True]
            complaints = Counter(line["actor"] for line in connector.events("spans_not_exported"))
            assert set(complaints.values()) == {1}
            assert [line for line in connector.log if line["level"] not in ("INFO", "WARNING")] == []


def lost(connector: ConnectorProcess) -> bool:
    return {"session@untraceable@0.0", "dispatch-router"} <= {
        line["actor"] for line in connector.events("spans_not_exported")
    }
