"""The examples of docs/smpp.md, run."""

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs" / "smpp.md"


def test_the_examples_do_what_they_say() -> None:
    failed, tried = doctest.testfile(str(PAGE), module_relative=False, encoding="utf-8")
    assert failed == 0
    assert tried > 20
