"""Message ids as an SMSC hands them out: counted, and written in one way or two."""

from sandbox.smsc.character import Character


class MessageIds:
    """The next id, as the submit_sm_resp writes it and as the receipt does."""

    def __init__(self, character: Character) -> None:
        self._next = character.id_start
        self._start = character.id_start
        self.become(character)

    def become(self, character: Character) -> None:
        """Write ids as `character` says; the count goes on unless its start was changed."""
        prefix, digits = character.id_prefix.replace("{", "{{").replace("}", "}}"), character.id_digits
        self._in_response = f"{prefix}{{:0{digits}{character.id_notation.value}}}".format
        self._in_receipt = f"{prefix}{{:0{digits}{character.receipt_id_notation.value}}}".format
        if character.id_start != self._start:
            self._next = self._start = character.id_start

    def take(self) -> tuple[str, str]:
        """The next id: in the response, and in the receipt."""
        number = self._next
        self._next += 1
        return self._in_response(number), self._in_receipt(number)
