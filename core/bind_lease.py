"""A bind lease as its holder sees it: when to renew it, and when to unbind because that has not worked."""

import math
from dataclasses import dataclass, replace

RENEWALS_PER_TTL = 3  # one may fail, and the next is still in time
RETRY_S = 0.5  # after a renewal without an answer
UNBIND_S = 2.0  # left for answers, unbind and close, before the binds may be another's
KILL_S = 0.2  # before its end the kernel ends a holder that stands still; others have closed their links before that

NO_LIMIT = "no limit"
WAITING = "waiting"  # others hold all binds that the operator allows: nothing is wrong


@dataclass(frozen=True)
class HeldLease:
    """Times in monotonic seconds. A lease counts from before its request was sent, so that it ends here before Redis
    can give its binds to another.

    give_up: the binds are wanted elsewhere; renew until they are drained, unbound and released.
    """

    fencing_token: int
    ttl_s: float
    sent_at: float
    unbind_s: float = UNBIND_S
    give_up: bool = False
    is_lost: bool = False
    retry_at: float = -math.inf

    @property
    def ends_at(self) -> float:
        """When the binds may be another's."""
        return -math.inf if self.is_lost else self.sent_at + self.ttl_s

    @property
    def must_unbind_at(self) -> float:
        """Once it has come the lease is over for its holder: a later renewal changes nothing about that."""
        return self.ends_at - self.unbind_s

    @property
    def links_end_by(self) -> float:
        """When the last link is to be closed, in order or not."""
        return self.ends_at - 2 * KILL_S

    @property
    def killed_at(self) -> float:
        """When a holder that has not managed to close them is to be ended, so that they are closed for it."""
        return self.ends_at - KILL_S

    @property
    def renew_at(self) -> float:
        return max(self.sent_at + self.ttl_s / RENEWALS_PER_TTL, self.retry_at)

    @property
    def look_at(self) -> float:
        """When there is something to do next."""
        return min(self.renew_at, self.must_unbind_at)

    def must_unbind(self, now: float) -> bool:
        return now >= self.must_unbind_at

    def renew_due(self, now: float) -> bool:
        return self.renew_at <= now < self.must_unbind_at

    def renewed(self, sent_at: float, give_up: bool) -> "HeldLease":
        """The renewal that was sent then has been answered; one without `give_up` does not take an earlier one back."""
        return replace(self, sent_at=max(sent_at, self.sent_at), give_up=give_up or self.give_up)

    def unanswered(self, now: float) -> "HeldLease":
        """The renewal has failed without an answer: the lease goes on until its end, and another try is soon due."""
        return replace(self, retry_at=now + RETRY_S)

    def lost(self) -> "HeldLease":
        """Redis no longer knows it: unbind at once."""
        return replace(self, is_lost=True)
