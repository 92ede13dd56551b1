"""How an operator writes its receipts where that differs from SMPP 3.4 and its appendix B."""

from typing import Literal

from msgspec import Struct

Meaning = Literal[
    "ENROUTE", "DELIVERED", "EXPIRED", "DELETED", "UNDELIVERABLE", "ACCEPTED", "UNKNOWN", "REJECTED", "SKIPPED"
]
"""The message states of SMPP (5.2.28), as events name them."""


class ReceiptConfig(Struct, frozen=True, kw_only=True):
    """by_text: a text that reads like a receipt is one, whatever esm_class says. stats: what words of stat mean, in any
    case; they go before message_state and the words of the specification.
    """

    by_text: bool = False
    stats: dict[str, Meaning] = {}

    def check(self) -> None:
        """Raises ValueError for words that no stat can be, or that differ in case only."""
        if any(not word or word.split() != [word] for word in self.stats):
            raise ValueError("receipts: a word in stats is empty or has spaces")
        if len({word.upper() for word in self.stats}) < len(self.stats):
            raise ValueError("receipts: two words in stats differ in case only")
