"""The chart as Helm renders it."""

import subprocess
import sys
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import yaml

HELM = Path(sys.executable).with_name("helm")
PROJECT = Path(__file__).parents[2]
CHART = PROJECT / "helm" / "smpp-connector"
SANDBOX_CHART = PROJECT / "helm" / "smpp-sandbox"
VALUES = PROJECT / "tests" / "chart" / "values"

RENDERINGS: dict[str, Path | None] = {
    "defaults": None,
    "production": CHART / "values-production.example.yaml",
    "everything-on": VALUES / "everything-on.yaml",
    "everything-off": VALUES / "everything-off.yaml",
}
"""The values that the tests look at, by name."""

COMMAND_S = 60.0

Resource = dict[str, Any]


class ChartRefused(Exception):
    """Helm's complaint about the values."""


def helm(*arguments: str | Path) -> str:
    """What a helm command prints. Raises ChartRefused when it fails."""
    result = subprocess.run([HELM, *arguments], capture_output=True, text=True, timeout=COMMAND_S, check=False)
    if result.returncode:
        raise ChartRefused(result.stderr)
    return result.stdout


def template(values: Path | None = None, *, chart: Path = CHART, **settings: str) -> list[Resource]:
    """The resources of a release `sms` in the namespace `messaging`. settings: as of --set, with __ for a dot."""
    arguments: list[str | Path] = ["template", "sms", chart, "--namespace", "messaging"]
    if values is not None:
        arguments += ["--values", values]
    for name, value in settings.items():
        arguments += ["--set", f"{name.replace('__', '.')}={value}"]
    return [resource for resource in yaml.safe_load_all(helm(*arguments)) if resource]


@cache
def rendering(name: str) -> list[Resource]:
    """One of RENDERINGS; not to be changed."""
    return template(RENDERINGS[name])


def only(resources: list[Resource], kind: str) -> Resource:
    """The one of this kind."""
    (found,) = (resource for resource in resources if resource["kind"] == kind)
    return found


def pod_templates(resources: list[Resource]) -> dict[str, Resource]:
    """Metadata and spec of every pod that the resources make, by the resource's name."""
    return {resource["metadata"]["name"]: pod for resource in resources if (pod := _pod_of(resource)) is not None}


def _pod_of(resource: Mapping[str, Any]) -> Resource | None:
    match resource["kind"]:
        case "Pod":
            return dict(resource)
        case "Deployment" | "Job":
            pod: Resource = resource["spec"]["template"]
            return pod
        case "CronJob":
            pod = resource["spec"]["jobTemplate"]["spec"]["template"]
            return pod
    return None
