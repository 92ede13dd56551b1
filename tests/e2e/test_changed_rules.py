"""A long message of which one part has gone out when the service stops, and whose operator then has other rules."""

from contextlib import ExitStack

import pytest
from background_loop import BackgroundLoop
from platform_side import Platform
from services import Services
from simulated_operator import SimulatedOperator
from waiting import wait_until

from sandbox.stack import Stack

pytestmark = pytest.mark.slow

NUMBER = "+491511111111"
TEXT = "“ağaç” " * 30  # 210 characters
WRITTEN = b'"a\x0ca\x60" ' * 30
SLOW_TPS = 0.1  # the second part has to wait
BEFORE = {"tps": SLOW_TPS, "text": {"shift_tables": ["turkish"], "transliterate": True}}
AFTER = {"long_messages": "udh16", "default_alphabet": "latin1"}
SENT_S, DONE_S = 30.0, 60.0


def test_a_message_that_has_begun_goes_on_as_it_began_by_whatever_rules(
    services: Services, loop: BackgroundLoop, stack: Stack
):
    with ExitStack() as open_until_the_end:
        operator = open_until_the_end.enter_context(SimulatedOperator(loop, "changed-rules", BEFORE))
        with services.running(operator):
            platform = open_until_the_end.enter_context(Platform(loop, stack))
            message_id = platform.dispatch("changed-rules", to=NUMBER, text=TEXT)
            wait_until(lambda: operator.answers_to(NUMBER), SENT_S, "the answer to the first part")
        operator.configure(AFTER)
        with services.running(operator):
            event = platform.final_event(message_id, DONE_S)
        first, second = operator.submitted_to(NUMBER)

    assert (event["segments"], event["message_status"], event["transliterated"]) == (2, "DELIVERED", True)
    reference = first.short_message[3]
    headers = [bytes((8, 0, 3, reference, 2, part, 0x25, 1, 1)) for part in (1, 2)]
    assert [first.short_message[:9], second.short_message[:9]] == headers
    assert first.short_message[9:] + second.short_message[9:] == WRITTEN
    assert (second.data_coding, second.esm_class) == (first.data_coding, first.esm_class) == (0, 0x40)
