"""What Kubernetes, Helm and the service itself say of the renderings."""

import re
from configparser import ConfigParser
from pathlib import Path

import kubernetes_validate
import pytest
import yaml
from helm_chart import CHART, PROJECT, RENDERINGS, Resource, helm, only, pod_templates, rendering, template

from config.settings import SETTINGS, load_settings
from sandbox.authority import Authority

VERSIONS = ("1.29", "1.33", "1.37")  # the oldest of kubeVersion, one between, the newest that the validator knows
CUSTOM = {"ExternalSecret", "PodMonitor", "PrometheusRule", "ScaledObject"}  # their schemas are their operators'

NKEY_SEED = "SU" + "A" * 56


@pytest.mark.parametrize("version", VERSIONS)
def test_every_resource_is_valid_in_this_version_of_kubernetes(name: str, version: str):
    known = [resource for resource in rendering(name) if resource["kind"] not in CUSTOM]
    assert known
    for resource in known:
        kubernetes_validate.validate(resource, version, strict=True)


@pytest.mark.parametrize("version", VERSIONS)
def test_the_validator_sees_a_wrong_field(version: str):
    service = only(rendering("defaults"), "Service")
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**service, "spec": {**service["spec"], "port": 8080}}, version, strict=True)


@pytest.mark.parametrize("values", RENDERINGS.values(), ids=RENDERINGS)
def test_helm_lint_has_nothing_to_say(values: Path | None):
    chosen = ["--values", values] if values else []
    assert "0 chart(s) failed" in helm("lint", "--strict", CHART, *chosen)


def test_the_package_renders_as_the_folder_does(tmp_path: Path):
    helm("package", CHART, "--destination", tmp_path)
    package = tmp_path / f"smpp-connector-{_project_version()}.tgz"

    assert template(chart=package) == rendering("defaults")


def test_chart_and_application_have_the_version_of_the_project():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], chart["appVersion"]) == (_project_version(), _project_version())


def test_the_oldest_version_of_kubernetes_is_the_one_that_is_validated():
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert chart["kubeVersion"] == f">={VERSIONS[0]}.0-0"


def test_the_service_takes_the_settings_that_the_chart_gives_it(name: str, tmp_path: Path):
    environment = _environment(rendering(name))
    names = {row.name for row in SETTINGS}
    assert {key for key in environment if key not in names and not key.startswith(("PG", "OTEL_"))} == set()

    for key, value in environment.items():
        if key.endswith("_FILE"):
            environment[key] = str(_file_like(tmp_path, key, value))
    settings = load_settings(environment)

    assert settings.http_port == 8080
    assert str(settings.runtime_dir).startswith("/tmp/")  # below a volume, not its root, whose mode is not ours


def test_the_files_that_the_settings_name_are_mounted(name: str):
    (pod,) = _connectors(rendering(name))
    mounts = {one["mountPath"] for one in pod["spec"]["containers"][0]["volumeMounts"]}
    files = [value for key, value in _environment(rendering(name)).items() if key.endswith("_FILE")]
    assert {file.rpartition("/")[0] for file in files} <= mounts


def test_the_pod_is_given_the_time_that_a_drain_takes(name: str):
    (pod,) = _connectors(rendering(name))
    (container,) = pod["spec"]["containers"]
    before = int(container["lifecycle"]["preStop"]["exec"]["command"][1])
    drain_s = int(_environment(rendering(name))["DRAIN_TIMEOUT_S"])
    assert pod["spec"]["terminationGracePeriodSeconds"] >= before + drain_s + 5


def test_a_wedged_actor_system_is_killed_within_a_minute(name: str):
    """From the first probe that fails; the kubelet then gives it only the probe's own grace."""
    (pod,) = _connectors(rendering(name))
    probe = pod["spec"]["containers"][0]["livenessProbe"]
    noticed_s = probe["failureThreshold"] * probe["periodSeconds"] + probe["timeoutSeconds"]
    assert noticed_s + probe["terminationGracePeriodSeconds"] <= 60


def test_an_update_adds_a_pod_before_it_takes_one():
    strategy = only(rendering("defaults"), "Deployment")["spec"]["strategy"]
    assert strategy == {"type": "RollingUpdate", "rollingUpdate": {"maxUnavailable": 0, "maxSurge": 1}}


def test_an_update_takes_the_next_pod_only_when_the_last_has_given_its_binds_up(name: str):
    deployment = only(rendering(name), "Deployment")["spec"]
    assert deployment["minReadySeconds"] >= deployment["template"]["spec"]["terminationGracePeriodSeconds"]


def test_new_settings_start_new_pods():
    before, after = (template(log__level=level) for level in ("INFO", "DEBUG"))
    checksums = [_connectors(one)[0]["metadata"]["annotations"]["checksum/config"] for one in (before, after)]
    assert checksums[0] != checksums[1]


def test_names_stay_within_the_limits_of_kubernetes():
    long = template(fullnameOverride="a" * 40, test__operatorId="alpha")
    assert max(len(resource["metadata"]["name"]) for resource in long if resource["kind"] == "CronJob") <= 52
    assert max(len(resource["metadata"]["name"]) for resource in long) <= 63


def _connectors(resources: list[Resource]) -> list[Resource]:
    pods = pod_templates(resources).values()
    return [pod for pod in pods if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "connector"]


def _environment(resources: list[Resource]) -> dict[str, str]:
    """What the connector's container gets, with stand-ins for what comes from Secrets."""
    (pod,) = _connectors(resources)
    (container,) = pod["spec"]["containers"]
    settings = next(one for one in resources if one["kind"] == "ConfigMap" and "RUNTIME_DIR" in one["data"])["data"]
    stand_ins = {"REDIS_URL": "rediss://:from-a-secret@redis:6379/0"}
    given = {one["name"]: one.get("value", stand_ins.get(one["name"], "stand-in")) for one in container["env"]}
    return {**settings, **given}


def _file_like(folder: Path, key: str, value: str) -> Path:
    file = folder / re.sub(r"\W", "-", value)
    content = Authority(folder).ca_file.read_text() if key == "NATS_CA_FILE" else NKEY_SEED if "SEED" in key else "PEM"
    file.write_text(content)
    return file


def _project_version() -> str:
    setup = ConfigParser()
    setup.read(PROJECT / "setup.cfg")
    return setup["metadata"]["version"]
