"""Whole resources, as the cluster gets them, against those in tests/chart/expected (renewed with --renew)."""

import json

import pytest
import yaml
from helm_chart import CHART, PROJECT, Resource, rendering

EXPECTED = PROJECT / "tests" / "chart" / "expected"
FILES = {name: (CHART / "files" / name).read_text() for name in ("alerts.yaml", "dashboard.json")}


def test_the_resources_are_those_expected(name: str, request: pytest.FixtureRequest):
    rendered = [_with_files_named(resource) for resource in sorted(rendering(name), key=_kind_and_name)]
    file = EXPECTED / f"{name}.yaml"
    if request.config.getoption("--renew", default=False):
        file.write_text(yaml.safe_dump_all(rendered, sort_keys=False, width=120))
    assert rendered == list(yaml.safe_load_all(file.read_text()))


def test_no_two_resources_have_the_same_name(name: str):
    names = [_kind_and_name(resource) for resource in rendering(name)]
    assert sorted(names) == sorted(set(names))


def _kind_and_name(resource: Resource) -> tuple[str, str]:
    return resource["kind"], resource["metadata"]["name"]


def _with_files_named(resource: Resource) -> Resource:
    """The name of a file in place of its content: it stands in the chart already."""
    if resource["kind"] == "PrometheusRule":
        assert resource["spec"] == yaml.safe_load(FILES["alerts.yaml"])
        return {**resource, "spec": "files/alerts.yaml"}
    if resource["kind"] == "ConfigMap" and (dashboard := resource["data"].get("smpp-connector.json")):
        assert json.loads(dashboard) == json.loads(FILES["dashboard.json"])
        return {**resource, "data": "files/dashboard.json"}
    return resource
