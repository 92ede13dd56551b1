"""The sandbox's chart, and the connector's values beside it: they find each other by names, labels and ports."""

import kubernetes_validate
import pytest
from helm_chart import CHART, SANDBOX_CHART, Resource, helm, only, pod_templates, template
from network_policies import Pod, may_send

from sandbox.cluster_secrets import manifest

VERSIONS = ("1.29", "1.33", "1.37")
DEVELOPMENT = CHART / "values-dev.yaml"


@pytest.fixture(scope="module")
def sandbox() -> list[Resource]:
    return template(chart=SANDBOX_CHART)


@pytest.fixture(scope="module")
def connector() -> list[Resource]:
    return template(DEVELOPMENT)


def services(resources: list[Resource]) -> dict[str, Resource]:
    return {one["metadata"]["name"]: one["spec"] for one in resources if one["kind"] == "Service"}


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_is_valid(sandbox: list[Resource], version: str):
    for resource in sandbox:
        kubernetes_validate.validate(resource, version, strict=True)


def test_helm_lint_has_nothing_to_say():
    assert "0 chart(s) failed" in helm("lint", "--strict", SANDBOX_CHART)
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, "--values", DEVELOPMENT)


def test_no_secret_is_rendered(sandbox: list[Resource]):
    assert {resource["kind"] for resource in sandbox} == {"Deployment", "Service"}


def test_every_pod_is_restricted(sandbox: list[Resource]):
    pods = pod_templates(sandbox)
    containers = [pod["spec"]["containers"][0]["securityContext"] for pod in pods.values()]
    assert len(pods) == 5
    assert all(pod["spec"]["securityContext"]["runAsUser"] > 0 for pod in pods.values())
    assert all(one["readOnlyRootFilesystem"] and one["capabilities"] == {"drop": ["ALL"]} for one in containers)


def test_the_connector_looks_for_the_services_that_are_there(sandbox: list[Resource], connector: list[Resource]):
    settings = next(one["data"] for one in connector if one["kind"] == "ConfigMap")
    (pod,) = only(connector, "Deployment")["spec"]["template"]["spec"]["containers"]
    (dsn,) = (one["value"] for one in pod["env"] if one["name"] == "POSTGRES_DSN")
    there = services(sandbox)

    assert settings["NATS_URL"] == f"nats://nats:{there['nats']['ports'][0]['port']}"
    assert settings["REDIS_URL"] == f"redis://redis:{there['redis']['ports'][0]['port']}/0"
    assert dsn == f"postgresql://smpp-connector@postgres:{there['postgres']['ports'][0]['port']}/smpp"
    assert settings["OPERATOR_MANAGEMENT_URL"] == "https://operator-management-service"
    assert there["operator-management-service"]["ports"][0]["port"] == 443


def test_the_network_policy_lets_the_connector_reach_every_pod_of_the_sandbox(
    sandbox: list[Resource], connector: list[Resource]
):
    policies = [one for one in connector if one["kind"] == "NetworkPolicy"]
    labels = only(connector, "Deployment")["spec"]["template"]["metadata"]["labels"]
    servers = {
        name: (Pod("messaging", pod["metadata"]["labels"]), port_of(pod))
        for name, pod in pod_templates(sandbox).items()
    }

    reached = {name for name, (pod, port) in servers.items() if may_send(policies, Pod("messaging", labels), pod, port)}
    assert reached == {"nats", "redis", "postgres", "operator-management-service", "smsc"}


def test_every_secret_that_is_mounted_is_made(sandbox: list[Resource], connector: list[Resource]):
    made = {item["metadata"]["name"] for item in manifest(tps=100)["items"]}
    pods = [*pod_templates(sandbox).values(), *pod_templates(connector).values()]
    volumes = [volume for pod in pods for volume in pod["spec"].get("volumes", [])]
    assert {volume["secret"]["secretName"] for volume in volumes if "secret" in volume} <= made


def port_of(pod: Resource) -> int:
    (container,) = pod["spec"]["containers"]
    port: int = container["ports"][0]["containerPort"]
    return port
