"""The page's file itself: nothing in it reaches out, and nothing turns data into markup."""

import re

import pytest

from adapters.status_page import PAGE

MAKES_MARKUP = ("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "new Function")


def test_it_names_no_resource_but_its_own_stream_and_status():
    named = re.findall(r"""(?:src|href|action|@import|url\(|EventSource\(|fetch\()\s*=?\s*["']?([^"'\s>)]*)""", PAGE)

    assert set(named) == {"data:,", "status", "events"}


@pytest.mark.parametrize("way", MAKES_MARKUP)
def test_data_becomes_text_never_markup(way: str):
    assert way not in PAGE


def test_styles_and_scripts_stand_in_their_elements_alone():
    assert not re.search(r"\s(?:style|on[a-z]+)\s*=\s*[\"']", PAGE)
