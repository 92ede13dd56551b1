"""Whether every message went out once and got exactly one final event, whatever happened meanwhile."""

from collections.abc import Sequence

from mobile_operator import MobileOperator
from platform_side import Platform
from waiting import wait_until

SETTLED_S = 30.0


def message_ids(operator: MobileOperator, number: int) -> list[str]:
    """For `Platform.dispatch_load`: the text of the first begins with #0, of the next with #1."""
    return [f"{operator.operator_id}-load-{index}" for index in range(number)]


def assert_reconciled(
    platform: Platform,
    operator: MobileOperator,
    ids: Sequence[str],
    *,
    sent_again: int = 0,
    within_s: float = SETTLED_S,
) -> None:
    """All ids have one final event each, nothing is left, and the SMSC saw each message once.

    sent_again: at most so many it may have seen twice, because their submit_sm was not answered.
    """
    operator_id = operator.operator_id
    wait_until(
        lambda: len(platform.final_counts(operator_id)) >= len(ids) and not platform.unsettled(operator_id),
        within_s,
        f"all messages of {operator_id} settled",
    )
    assert platform.final_counts(operator_id) == dict.fromkeys(ids, 1)
    markers = operator.markers
    assert sorted(markers) == list(range(len(ids)))
    doubled = sorted(marker for marker, times in markers.items() if times > 1)
    assert len(doubled) <= sent_again, f"sent more than once: {doubled}"
