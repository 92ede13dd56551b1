"""What the simulator decides, from its character, a seeded chance and the time."""

from collections import defaultdict
from itertools import accumulate
from random import Random
from typing import NamedTuple

from sandbox.smsc.character import Character, Intermediate, ReceiptOrder, Receipts
from sandbox.smsc.sliding import SlidingSecond
from smpp.constants import (
    ESM_CLASS_INTERMEDIATE,
    ESM_CLASS_RECEIPT,
    REGISTERED_DELIVERY_FINAL,
    REGISTERED_DELIVERY_ON_FAILURE,
    CommandStatus,
)
from smpp.events import BindRequested

_OK = int(CommandStatus.ESME_ROK)
_RECEIPT_MASK = REGISTERED_DELIVERY_FINAL | REGISTERED_DELIVERY_ON_FAILURE
_ESM_CLASS = {Intermediate.RECEIPT: ESM_CLASS_RECEIPT, Intermediate.NOTIFICATION: ESM_CLASS_INTERMEDIATE}


class PlannedReceipt(NamedTuple):
    """A receipt to be sent `delay_s` after the answer to its submit_sm."""

    delay_s: float
    stat: str
    esm_class: int


class Behaviour:
    """Verdicts on binds and submits, and what follows from them."""

    def __init__(self, character: Character) -> None:
        self._random = Random(character.seed)
        self._accepted: defaultdict[str, SlidingSecond] = defaultdict(SlidingSecond)
        self.become(character)

    def become(self, character: Character) -> None:
        """Decide as `character` says from now on; what was counted for the TPS limit stays."""
        self.character = character
        self._passwords = dict(character.logins)
        self._prefixes = sorted(character.prefix_statuses, key=lambda entry: len(entry[0]), reverse=True)
        self._stats = [stat for stat, _ in character.final_stats]
        self._shares = list(accumulate(share for _, share in character.final_stats))
        self._same_plan = None if _varies(character) else self._plan()

    def bind_status(self, request: BindRequested, binds_now: int) -> int:
        """command_status for a bind while `binds_now` others of its system_id are up."""
        character = self.character
        if character.bind_status != _OK:
            return character.bind_status
        if self._passwords and request.system_id not in self._passwords:
            return CommandStatus.ESME_RINVSYSID
        if self._passwords and request.password != self._passwords[request.system_id]:
            return CommandStatus.ESME_RINVPASWD
        if request.mode in character.refused_modes:
            return character.refused_mode_status
        if 0 < character.max_binds <= binds_now:
            return character.max_binds_status
        return _OK

    def submit_status(self, system_id: str, destination: str, now: float) -> int:
        """command_status for a submit_sm at `now` (monotonic seconds); an accepted one counts for the TPS limit."""
        character = self.character
        if character.tps_limit and self._accepted[system_id].count(now) >= character.tps_limit:
            return character.throttle_status
        for prefix, status in self._prefixes:
            if destination.startswith(prefix):
                return status
        if self._happens(character.error_percent):
            return character.error_status
        if character.tps_limit:
            self._accepted[system_id].add(now)
        return _OK

    def leaves_unanswered(self) -> bool:
        """Whether an accepted submit_sm never gets its answer."""
        return self._happens(self.character.no_answer_percent)

    def answer_delay_s(self) -> float:
        """Seconds to wait with the next submit_sm_resp."""
        return self._spread(self.character.answer_delay_s, self.character.answer_spread_s)

    def receipts_for(self, registered_delivery: int) -> tuple[PlannedReceipt, ...]:
        """The receipts of an accepted submit_sm in the order of their time, none unless it asks (SMPP 3.4, 5.2.17)."""
        wanted = registered_delivery & _RECEIPT_MASK
        if wanted not in (REGISTERED_DELIVERY_FINAL, REGISTERED_DELIVERY_ON_FAILURE):
            return ()
        plan = self._plan() if self._same_plan is None else self._same_plan
        if wanted == REGISTERED_DELIVERY_ON_FAILURE and any(planned.stat == "DELIVRD" for planned in plan):
            return ()
        return plan

    def _plan(self) -> tuple[PlannedReceipt, ...]:
        character = self.character
        if character.receipts is Receipts.NONE:
            return ()
        delay_s = self._spread(character.receipt_delay_s, character.receipt_spread_s)
        delay_s += character.late_s if self._happens(character.late_percent) else 0.0
        kinds = [(self._final_stat(), ESM_CLASS_RECEIPT)]
        if character.intermediate is not Intermediate.NONE:
            kinds.insert(0, ("ENROUTE", _ESM_CLASS[character.intermediate]))
        if character.receipt_order is ReceiptOrder.REVERSED:
            kinds.reverse()
        delays = [delay_s] if len(kinds) == 1 else [delay_s / 2, delay_s]
        once = [PlannedReceipt(delay, *kind) for delay, kind in zip(delays, kinds, strict=True)]
        return tuple(planned for planned in once for _ in range(character.receipt_copies))

    def _final_stat(self) -> str:
        return self._random.choices(self._stats, cum_weights=self._shares)[0]

    def _happens(self, percent: float) -> bool:
        return percent > 0 and self._random.random() * 100 < percent

    def _spread(self, seconds: float, spread_s: float) -> float:
        return seconds + self._random.random() * spread_s if spread_s else seconds


def _varies(character: Character) -> bool:
    one_stat = sum(share > 0 for _, share in character.final_stats) == 1
    return not one_stat or character.receipt_spread_s > 0 or character.late_percent > 0
