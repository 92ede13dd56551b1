"""The targets of the fuzzer on what they begin with and on arbitrary octets; `make fuzz` goes on from there."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fuzz.targets import TARGETS


@pytest.mark.parametrize("name", TARGETS)
def test_what_is_promised_for_any_octets_holds_for_the_vectors(name: str) -> None:
    seeds = list(TARGETS[name].seeds())
    assert seeds != []
    for seed in seeds:
        TARGETS[name].run(seed)


@pytest.mark.parametrize("name", TARGETS)
@given(data=st.binary(max_size=200))
def test_what_is_promised_for_any_octets_holds_for_some(name: str, data: bytes) -> None:
    TARGETS[name].run(data)
