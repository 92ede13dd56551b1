"""The image that `make image` has built, named by IMAGE."""

import os

import pytest


@pytest.fixture(scope="session")
def image() -> str:
    name = os.environ.get("IMAGE")
    if not name:
        pytest.skip("IMAGE names no image: use `make image`")
    return name
