"""The lock files of the image: what setup.cfg asks for, pinned, with hashes, and without an address."""

import re
from configparser import ConfigParser
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
LOCKS = ("requirements.lock", "build-requirements.lock")


def pins(lock: str) -> dict[str, str]:
    """Version by name."""
    lines = (ROOT / lock).read_text().splitlines()
    return {name: version for line in lines for name, version in re.findall(r"^([a-z0-9-]+)==(\S+)", line)}


def required() -> list[Requirement]:
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    return [Requirement(line) for line in setup["options"]["install_requires"].split("\n") if line]


def test_everything_that_is_required_is_pinned_within_its_range():
    pinned = pins("requirements.lock")
    found = {one.name: pinned.get(canonicalize_name(one.name)) for one in required()}
    assert [name for name, version in found.items() if version is None] == []
    assert [one.name for one in required() if found[one.name] not in one.specifier] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_every_pin_has_hashes(lock: str):
    entries = re.split(r"^(?=[a-z])", (ROOT / lock).read_text(), flags=re.MULTILINE)
    assert [entry.split()[0] for entry in entries if entry.strip() and "--hash=sha256:" not in entry] == []


@pytest.mark.parametrize("lock", LOCKS)
def test_no_registry_is_named(lock: str):
    assert re.findall(r"https?://|--(?:extra-)?index-url|--find-links", (ROOT / lock).read_text()) == []


def test_nothing_of_the_sandbox_is_in_the_image():
    setup = ConfigParser()
    setup.read(ROOT / "setup.cfg")
    extras = setup["options.extras_require"]["sandbox"].split("\n")
    assert {Requirement(line).name for line in extras if line} & pins("requirements.lock").keys() == set()
