"""No secret in any rendering, and pods that the Pod Security Standard "restricted" lets in."""

import re
from collections.abc import Iterator

import pytest
import yaml
from helm_chart import CHART, RENDERINGS, Resource, pod_templates, rendering, template

SECRET_SHAPES = {
    "private key": r"-----BEGIN [A-Z ]*PRIVATE KEY",
    "certificate": r"-----BEGIN CERTIFICATE",
    "NKey seed": r"\bS[UAONCX][A-Z2-7]{56}\b",
    "password in a URL": r"://[^/\s@:]*:[^/\s@]+@",
    "password in a DSN": r"(?i)\bpassword\s*=",
    "token": r"\beyJ[A-Za-z0-9_-]{20,}",
}
SECRET_NAMES = re.compile(r"(?i)password|passwd|secret|token|seed$|credential|api_?key")
"""Of environment variables and of keys in a ConfigMap."""

PATHS_OF_SECRETS = {"NATS_NKEY_SEED_FILE"}  # where the file is, not what is in it


@pytest.mark.parametrize("shape", SECRET_SHAPES)
def test_nothing_in_a_rendering_looks_like_a_secret(name: str, shape: str):
    assert re.findall(SECRET_SHAPES[shape], yaml.safe_dump_all(rendering(name))) == []


@pytest.mark.parametrize("shape", SECRET_SHAPES)
def test_nothing_in_the_files_of_the_chart_looks_like_a_secret(shape: str):
    files = [path for path in CHART.rglob("*") if path.is_file() and path.suffix not in (".tpl", ".tgz")]
    assert [path.name for path in files if re.search(SECRET_SHAPES[shape], path.read_text())] == []


def test_no_rendering_makes_a_secret(name: str):
    assert [resource for resource in rendering(name) if resource["kind"] == "Secret"] == []


def test_what_is_named_like_a_secret_comes_from_a_secret(name: str):
    given = [variable for pod in pod_templates(rendering(name)).values() for variable in _environment(pod)]
    plain = {variable["name"] for variable in given if SECRET_NAMES.search(variable["name"]) and "value" in variable}
    configured = {key for resource in rendering(name) if resource["kind"] == "ConfigMap" for key in resource["data"]}
    assert plain | {key for key in configured if SECRET_NAMES.search(key)} <= PATHS_OF_SECRETS


@pytest.mark.parametrize(
    ("setting", "value"),
    [("nats__nkeySecret__name", "nk"), ("redis__urlSecret__name", "r"), ("postgres__passwordSecret__name", "p")],
)
def test_every_secret_of_the_connector_is_one_that_exists_already(setting: str, value: str):
    (pod,) = (
        pod
        for pod in pod_templates(template(**{setting: value})).values()
        if pod["metadata"]["labels"]["app.kubernetes.io/component"] == "connector"
    )
    assert value in set(_secrets_of(pod))


def test_the_nkey_seed_is_a_mounted_file_that_only_the_service_can_read():
    connector = pod_templates(rendering("defaults"))["sms-smpp-connector"]["spec"]
    (volume,) = (one for one in connector["volumes"] if one["name"] == "nats")
    (mount,) = (one for one in connector["containers"][0]["volumeMounts"] if one["name"] == "nats")

    items = [{"key": "seed", "path": "seed"}]
    assert volume["secret"] == {"secretName": "smpp-connector-nats", "defaultMode": 0o440, "items": items}
    assert mount == {"name": "nats", "mountPath": "/etc/smpp-connector/nats", "readOnly": True}
    assert connector["securityContext"]["fsGroup"] == connector["securityContext"]["runAsGroup"]


def test_every_pod_meets_the_restricted_standard(name: str):
    pods = pod_templates(rendering(name)).items()
    assert [(pod, violation) for pod, one in pods for violation in _violations(one["spec"])] == []


def test_every_pod_goes_without_a_token_and_with_a_read_only_root(name: str):
    for pod in pod_templates(rendering(name)).values():
        assert pod["spec"]["automountServiceAccountToken"] is False
        assert [one["securityContext"]["readOnlyRootFilesystem"] for one in pod["spec"]["containers"]] == [True]


def test_every_container_asks_for_memory_and_is_held_to_it(name: str):
    containers = [one for pod in pod_templates(rendering(name)).values() for one in pod["spec"]["containers"]]
    assert [one["name"] for one in containers if "memory" not in one["resources"]["requests"]] == []
    assert [one["name"] for one in containers if "memory" not in one["resources"]["limits"]] == []


def test_every_rendering_has_pods():
    assert {name: bool(pod_templates(rendering(name))) for name in RENDERINGS} == dict.fromkeys(RENDERINGS, True)


def _environment(pod: Resource) -> list[Resource]:
    return [variable for container in pod["spec"]["containers"] for variable in container.get("env", [])]


def _secrets_of(pod: Resource) -> Iterator[str]:
    for variable in _environment(pod):
        if reference := variable.get("valueFrom", {}).get("secretKeyRef"):
            yield reference["name"]
    for volume in pod["spec"]["volumes"]:
        if secret := volume.get("secret"):
            yield secret["secretName"]


def _violations(spec: Resource) -> Iterator[str]:
    """Source: Kubernetes, Pod Security Standards, baseline and restricted."""
    security = spec["securityContext"]
    yield from (key for key in ("hostNetwork", "hostPID", "hostIPC") if spec.get(key))
    if not (security.get("runAsNonRoot") and security.get("runAsUser", 0) > 0):
        yield "may run as root"
    if security.get("seccompProfile") != {"type": "RuntimeDefault"}:
        yield "seccomp profile"
    if any({"configMap", "emptyDir", "projected", "secret"}.isdisjoint(one) for one in spec.get("volumes", [])):
        yield "kind of a volume"
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        own = container["securityContext"]
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield f"{container['name']}: privileges"
        if own.get("capabilities") != {"drop": ["ALL"]}:
            yield f"{container['name']}: capabilities"
        if any("hostPort" in port for port in container.get("ports", [])):
            yield f"{container['name']}: port of the host"
