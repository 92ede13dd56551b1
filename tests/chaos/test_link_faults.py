"""The links of all operators to their SMSCs fail in every way that a link can, under load."""

from collections.abc import Callable
from functools import partial

import pytest
from chaos_ground import REPLICAS
from chaos_trial import Case, Hold, Trial

from sandbox.link_proxy import LinkProxy

pytestmark = pytest.mark.timeout(240)

BAD_S = 10.0
SESSIONS = 3 * len(REPLICAS)
SESSIONS_AND_SUCCESSORS = (
    2 * SESSIONS
)  # what binds while the links are bad, or outlives that, has a window to lose again


def test_the_links_are_cut(trial: Trial, hold: Hold):
    hold(Case("links cut (FIN)", lambda: trial.ground.link_fault(LinkProxy.cut), sessions=SESSIONS))


def test_the_links_are_reset(trial: Trial, hold: Hold):
    hold(Case("links reset (RST)", lambda: trial.ground.link_fault(LinkProxy.reset), sessions=SESSIONS))


@pytest.mark.parametrize(
    ("what", "fault"),
    [
        ("stalled", LinkProxy.stall),
        ("deaf, new ones too,", LinkProxy.deafen),
        ("sliced into single octets", LinkProxy.slice),
    ],
)
def test_the_links_are_bad_for_a_while(trial: Trial, hold: Hold, what: str, fault: Callable[[LinkProxy], None]):
    ground = trial.ground

    name, strike = f"links {what} for {BAD_S:g} s", partial(ground.link_fault, fault)
    hold(Case(name, strike, ground.resume_links, BAD_S, SESSIONS_AND_SUCCESSORS))


def test_the_smscs_are_down(trial: Trial, hold: Hold):
    """Their links are reset, and new ones are refused."""
    ground = trial.ground

    def go_down() -> None:
        for site in ground.sites.values():
            site.go_down()

    hold(Case(f"SMSCs down for {BAD_S:g} s", go_down, ground.resume_links, BAD_S, SESSIONS))
