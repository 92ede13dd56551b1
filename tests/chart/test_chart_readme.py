"""The README is what helm/readme.py makes of the values, and every value is explained there."""

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
from helm_chart import CHART, PROJECT, SANDBOX_CHART


@pytest.fixture(scope="module")
def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("readme", PROJECT / "helm" / "readme.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("chart", [CHART, SANDBOX_CHART], ids=lambda chart: chart.name)
def test_the_readme_is_up_to_date(generator: ModuleType, chart: Path):
    assert (chart / "README.md").read_text() == generator.readme(chart)


@pytest.mark.parametrize("chart", [CHART, SANDBOX_CHART], ids=lambda chart: chart.name)
def test_every_value_is_explained_itself_or_with_a_mapping_it_is_in(generator: ModuleType, chart: Path):
    values = list(generator.values_of(chart))
    explained = {value.name for value in values if value.meaning}
    assert [
        value.name for value in values if value.default and explained.isdisjoint(_self_and_parents(value.name))
    ] == []


def _self_and_parents(name: str) -> list[str]:
    parts = name.split(".")
    return [".".join(parts[: length + 1]) for length in range(len(parts))]
