"""A real Prometheus with the chart's rules and a real Alertmanager, from a lost session to the pager and back."""

import json
import re
from collections.abc import Iterator

import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from helm_chart import CHART
from mobile_operator import STEADY, MobileOperator
from monitoring import Alertmanager, Pager, Prometheus, missing_programs
from operator_site import Site
from runbook import commands
from runbook_shell import RunbookShell
from services import Services
from waiting import wait_until

from adapters.telemetry.metric_table import METRICS

pytestmark = [
    pytest.mark.skipif(bool(missing_programs()), reason=f"not installed: {', '.join(missing_programs())} (Debian)"),
    pytest.mark.timeout(300),
]

OPERATOR = "watched"
REPLICA = "replica-0"
SEEN_S = 60.0
UNBOUND = "SmppConnectorSessionUnbound"


@pytest.fixture(scope="module")
def operator(loop: BackgroundLoop) -> Iterator[MobileOperator]:
    with Site(loop) as site:
        yield MobileOperator(OPERATOR, site, timers=STEADY)


@pytest.fixture(scope="module")
def service(services: Services, operator: MobileOperator) -> Iterator[ConnectorProcess]:
    with services.running(operator, CONNECTOR_ID=REPLICA) as process:
        operator.wait_bound(process)
        yield process


@pytest.fixture(scope="module")
def pager() -> Iterator[Pager]:
    with Pager() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def prometheus(
    tmp_path_factory: pytest.TempPathFactory, service: ConnectorProcess, pager: Pager
) -> Iterator[Prometheus]:
    folder = tmp_path_factory.mktemp("monitoring")
    with (
        Alertmanager(folder / "alertmanager", pager) as alertmanager,
        Prometheus(folder / "prometheus", service, CHART / "files" / "alerts.yaml", alertmanager) as server,
    ):
        wait_until(lambda: server.query("smpp_build_info"), SEEN_S, "the first scrape")
        yield server


def test_a_healthy_service_fires_nothing(prometheus: Prometheus):
    """SmppConnectorAbsent may have fired before the first scrape."""
    wait_until(lambda: prometheus.firing() == set(), SEEN_S, "no alert firing")
    assert prometheus.query(f'smpp_operator_bound{{operator="{OPERATOR}"}} == 1')


def test_prometheus_has_the_type_and_the_help_of_each_metric(prometheus: Prometheus, service: ConnectorProcess):
    shown = re.findall(r"^# TYPE (\w+) (\w+)$", service.get("/metrics"), re.MULTILINE)
    assert set(shown) <= {(metric.name, metric.kind.value) for metric in METRICS}
    assert len(shown) > len(METRICS) / 2


def test_every_query_of_the_dashboard_is_answered(prometheus: Prometheus):
    dashboard = json.loads((CHART / "files" / "dashboard.json").read_text())
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel.get("targets", [])]
    for query in queries:
        prometheus.query(query.replace("$__rate_interval", "1m").replace("$operator", ".*"))


def test_a_lost_session_pages_with_the_way_to_its_cause_and_the_page_is_taken_back(
    prometheus: Prometheus, pager: Pager, operator: MobileOperator, service: ConnectorProcess, shell: RunbookShell
):
    (site,) = operator.sites
    site.go_down()

    alert = pager.wait_for(UNBOUND, "firing", SEEN_S)
    assert alert["labels"].items() >= {"operator": OPERATOR, "pod": REPLICA, "severity": "critical"}.items()
    assert alert["annotations"]["summary"] == f"Operator {OPERATOR} is not bound at {REPLICA}"
    assert pager.wait_for("SmppConnectorNoSession", "firing", SEEN_S)["labels"]["operator"] == OPERATOR

    dump = shell.run(first_command_of(alert["annotations"]["runbook_url"]), service, OPERATOR)
    assert (dump.returncode, "connect failed" in dump.stdout) == (1, True)

    site.resume_links()
    pager.wait_for(UNBOUND, "resolved", SEEN_S)
    pager.wait_for("SmppConnectorNoSession", "resolved", SEEN_S)
    wait_until(lambda: prometheus.firing() == set(), SEEN_S, "no alert firing")


def first_command_of(link: str) -> str:
    """Of the section of the runbook that the alert links to."""
    section = link.partition("#")[2].replace("-", " ")
    return next(command.line for command in commands() if command.section.lower() == section)
