"""Which peer and which port is allowed, and which not, for every pod of the chart."""

import pytest
import yaml
from helm_chart import RENDERINGS, Resource, pod_templates, rendering, template
from network_policies import Host, Peer, Pod, may_receive, may_send

OURS = "messaging"  # the namespace of the release

DNS = Pod("kube-system", {"k8s-app": "kube-dns"})
NATS = Pod(OURS, {"app.kubernetes.io/name": "nats"})
REDIS = Pod(OURS, {"app.kubernetes.io/name": "redis"})
POSTGRES = Pod(OURS, {"app.kubernetes.io/name": "postgresql"})
OPERATOR_MANAGEMENT = Pod(OURS, {"app.kubernetes.io/name": "operator-management-service"})
COLLECTOR = Pod("monitoring", {"app.kubernetes.io/name": "otel-collector"})
PROMETHEUS = Pod("monitoring", {"app.kubernetes.io/name": "prometheus"})
NEIGHBOUR = Pod(OURS, {"app.kubernetes.io/name": "web"})
SERVERS: dict[str, tuple[Peer, int]] = {
    "dns": (DNS, 53),
    "nats": (NATS, 4222),
    "redis": (REDIS, 6379),
    "postgres": (POSTGRES, 5432),
    "operator-management": (OPERATOR_MANAGEMENT, 443),
}

FORBIDDEN = [
    (Host("1.1.1.1"), 443),
    (Host("1.1.1.1"), 2775),
    (Host("169.254.169.254"), 80),  # the cloud's metadata, with credentials of the node
    (Host("10.96.0.1"), 443),  # the API server
    (NEIGHBOUR, 80),
    (Pod("other", dict(NATS.labels)), 4222),
    (NATS, 6222),
    (DNS, 443),
]

Policies = list[Resource]


def policies(resources: list[Resource]) -> Policies:
    return [resource for resource in resources if resource["kind"] == "NetworkPolicy"]


@pytest.fixture
def defaults() -> Policies:
    return policies(rendering("defaults"))


@pytest.fixture
def with_operators() -> Policies:
    """Operators alpha at 198.51.100.10:2775 and bravo at 203.0.113.0/29:3550, and tracing."""
    return policies(rendering("everything-on"))


def pod(component: str, of: str = "defaults") -> Pod:
    """The chart's own pod of a rendering, with the labels it really has."""
    labels = [one["metadata"]["labels"] for one in pod_templates(rendering(of)).values()]
    return Pod(OURS, next(one for one in labels if one["app.kubernetes.io/component"] == component))


def reached(held: Policies, sender: Pod) -> set[str]:
    """The servers that it may send to."""
    return {name for name, (server, port) in SERVERS.items() if may_send(held, sender, server, port)}


@pytest.mark.parametrize("component", ["connector", "test"])
def test_the_connector_and_the_check_reach_the_servers_of_the_platform(defaults: Policies, component: str):
    assert reached(defaults, pod(component)) == {*SERVERS}


def test_names_are_resolved_over_udp_and_tcp(defaults: Policies):
    assert may_send(defaults, pod("connector"), DNS, 53, "UDP")
    assert not may_send(defaults, pod("connector"), NATS, 4222, "UDP")


@pytest.mark.parametrize(("peer", "port"), FORBIDDEN)
@pytest.mark.parametrize("component", ["connector", "sweep", "migrate", "test"])
def test_nobody_reaches_anything_else(defaults: Policies, component: str, peer: Peer, port: int):
    assert not may_send(defaults, pod(component), peer, port)


@pytest.mark.parametrize(
    ("address", "port", "allowed"),
    [
        ("198.51.100.10", 2775, True),
        ("198.51.100.10", 3550, False),  # the port of another operator
        ("198.51.100.10", 443, False),
        ("198.51.100.11", 2775, False),
        ("203.0.113.0", 3550, True),
        ("203.0.113.7", 3550, True),
        ("203.0.113.8", 3550, False),
    ],
)
def test_an_operator_is_reached_at_its_address_and_port_alone(with_operators, address: str, port: int, allowed: bool):
    assert may_send(with_operators, pod("connector", of="everything-on"), Host(address), port) is allowed


@pytest.mark.parametrize("component", ["sweep", "migrate", "test"])
def test_only_the_connector_reaches_operators(with_operators: Policies, component: str):
    assert not may_send(with_operators, pod(component, of="everything-on"), Host("198.51.100.10"), 2775)


def test_every_endpoint_of_the_production_example_is_reached():
    values = RENDERINGS["production"]
    assert values is not None
    endpoints = [one for operator in yaml.safe_load(values.read_text())["operators"] for one in operator["endpoints"]]
    held = policies(rendering("production"))
    hosts = [(Host(endpoint["cidr"].partition("/")[0]), endpoint["port"]) for endpoint in endpoints]

    assert len(hosts) == 4
    assert [host for host, port in hosts if not may_send(held, pod("connector"), host, port)] == []


def test_one_more_operator_in_the_list_opens_its_address_and_nothing_else(defaults: Policies):
    one_more = {
        "operators[0]__operatorId": "alpha",
        "operators[0]__endpoints[0]__cidr": "198.51.100.10/32",
        "operators[0]__endpoints[0]__port": "2775",
    }
    opened = policies(template(**one_more))

    changed = [(before, after) for before, after in zip(defaults, opened, strict=True) if before != after]
    ((before, after),) = changed
    rule = {
        "to": [{"ipBlock": {"cidr": "198.51.100.10/32"}}],
        "ports": [{"protocol": "TCP", "port": 2775}],
    }
    assert after == {**before, "spec": {**before["spec"], "egress": [*before["spec"]["egress"], rule]}}


def test_the_collector_is_reached_only_with_tracing(defaults: Policies, with_operators: Policies):
    assert may_send(with_operators, pod("connector", of="everything-on"), COLLECTOR, 4318)
    assert not may_send(defaults, pod("connector"), COLLECTOR, 4318)


@pytest.mark.parametrize("component", ["sweep", "migrate"])
def test_a_job_reaches_names_and_the_database_alone(defaults: Policies, component: str):
    assert reached(defaults, pod(component)) == {"dns", "postgres"}


def test_prometheus_reaches_the_metrics(defaults: Policies):
    assert may_receive(defaults, pod("connector"), PROMETHEUS, 8080)


@pytest.mark.parametrize(
    ("source", "port"), [(PROMETHEUS, 22), (NEIGHBOUR, 8080), (Pod("other", {}), 8080), (Host("10.0.0.7"), 8080)]
)
def test_nobody_else_reaches_the_connector(defaults: Policies, source: Peer, port: int):
    assert not may_receive(defaults, pod("connector"), source, port)


@pytest.mark.parametrize("component", ["sweep", "migrate", "test"])
def test_nobody_reaches_the_other_pods(defaults: Policies, component: str):
    assert not may_receive(defaults, pod(component), PROMETHEUS, 8080)


def test_a_pod_of_the_release_that_no_policy_foresees_reaches_nothing(defaults: Policies):
    labels = {**pod("connector").labels, "app.kubernetes.io/component": "debug"}
    assert not may_send(defaults, Pod(OURS, labels), DNS, 53)


def test_pods_of_others_are_left_alone(defaults: Policies):
    assert may_send(defaults, NEIGHBOUR, Host("1.1.1.1"), 443)
    assert may_receive(defaults, NEIGHBOUR, PROMETHEUS, 80)


def test_the_policy_of_the_migration_is_there_before_it_runs(defaults: Policies):
    hooks = {
        resource["kind"]: resource["metadata"]["annotations"]
        for resource in rendering("defaults")
        if resource["metadata"]["name"].endswith("-migrate")
    }
    assert {kind: hook["helm.sh/hook"] for kind, hook in hooks.items()} == {
        "NetworkPolicy": "pre-install,pre-upgrade",
        "Job": "pre-install,pre-upgrade",
    }
    assert int(hooks["NetworkPolicy"]["helm.sh/hook-weight"]) < int(hooks["Job"]["helm.sh/hook-weight"])


def test_no_rule_of_any_rendering_allows_every_destination_or_port(name: str):
    rules = [rule for policy in policies(rendering(name)) for rule in policy["spec"].get("egress", [])]
    assert [rule for rule in rules if not rule.get("to") or not rule.get("ports")] == []
