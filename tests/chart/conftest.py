"""The renderings of the chart that most tests look at. Needs the extra `chart`, which `make chart` installs."""

import pytest
from helm_chart import RENDERINGS


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--renew", action="store_true", help="write tests/chart/expected anew, to be read before a commit")


@pytest.fixture(params=RENDERINGS)
def name(request: pytest.FixtureRequest) -> str:
    """Of each rendering in turn."""
    rendering: str = request.param
    return rendering
