"""A mobile network operator: a simulated SMSC in the background loop and the OperatorConfig that leads to it."""

from collections.abc import Mapping
from itertools import count
from types import TracebackType
from typing import Any, Self

from background_loop import BackgroundLoop
from waiting import wait_until
from wiretap import Answered, Wiretap

from sandbox.operator_data import Credentials
from sandbox.smsc.character import Character, changed
from sandbox.smsc.server import SimulatedSmsc
from smpp.constants import CommandId
from smpp.hot import ShortMessage, encode_short_message, pdu
from smpp.tlv import encode_tlvs

SYSTEM_ID, PASSWORD = "esme", "s3cr3t"
FIRST_STRANGE_NUMBER = 0x70000000  # sequence_number; far above those of the simulator's own
QUICK_RECONNECT = {"reconnect_min_s": 0.2, "reconnect_max_s": 1.0}


class SimulatedOperator:
    """Use it with `with`; traits are those of sandbox.smsc.character.

    is_tapped: what it was sent can be looked at; not for loads, it costs as much again.
    """

    def __init__(
        self,
        loop: BackgroundLoop,
        operator_id: str,
        config: Mapping[str, Any] | None = None,
        *,
        is_tapped: bool = True,
        **traits: object,
    ) -> None:
        self.operator_id = operator_id
        self.credentials = Credentials(system_id=SYSTEM_ID, password=PASSWORD, version=1)
        self._config = config or {}
        self._loop = loop
        self._smsc = SimulatedSmsc(changed(Character(logins=((SYSTEM_ID, PASSWORD),)), traits))
        self._wiretap = Wiretap()
        self._is_tapped = is_tapped
        self._sequence_numbers = count(FIRST_STRANGE_NUMBER)

    def __enter__(self) -> Self:
        self._loop.run(self._smsc.start())
        if self._is_tapped:
            self._loop.run(self._wiretap.start(self._smsc.port))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._is_tapped:
            self._loop.run(self._wiretap.stop())
        self._loop.run(self._smsc.stop())

    @property
    def config(self) -> dict[str, Any]:
        """Its OperatorConfig: what was asked for, and short waits after a lost link."""
        return {
            "operator_id": self.operator_id,
            "endpoints": [
                {"host": self._smsc.host, "port": self._wiretap.port if self._is_tapped else self._smsc.port}
            ],
            "timers": QUICK_RECONNECT,
            **self._config,
        }

    def configure(self, config: Mapping[str, Any]) -> None:
        """Another OperatorConfig, for services that start from now on."""
        self._config = config

    def submitted_to(self, number: str) -> list[ShortMessage]:
        """Every submit_sm to this number, as on the wire."""
        return [message for message in self._wiretap.submitted if message.destination_addr == number.lstrip("+")]

    def answers_to(self, number: str) -> list[Answered]:
        """Each answered submit_sm to this number, in the order of the answers."""
        return [one for one in self._wiretap.answered if one.message.destination_addr == number.lstrip("+")]

    def ids_of(self, number: str) -> list[str]:
        """The smsc_message_id in each submit_sm_resp that accepted a message to this number."""
        return [one.smsc_message_id for one in self.answers_to(number) if one.smsc_message_id]

    def deliver(self, message: ShortMessage) -> int:
        """Have the SMSC send a deliver_sm with this body, however strange; returns its sequence_number."""
        sequence_number = next(self._sequence_numbers)
        octets = pdu(CommandId.DELIVER_SM, 0, sequence_number, encode_short_message(message))
        assert self.act("garbage", data=octets.hex()) == 1
        return sequence_number

    def deliver_data(self, message: ShortMessage) -> int:
        """The same as a data_sm, whose content is in its TLVs."""
        sequence_number = next(self._sequence_numbers)
        addresses = b"\0\1\1%b\0\1\1%b\0" % (message.source_addr.encode(), message.destination_addr.encode())
        body = addresses + bytes((message.esm_class, 0, message.data_coding)) + encode_tlvs(message.tlvs)
        assert self.act("garbage", data=pdu(CommandId.DATA_SM, 0, sequence_number, body).hex()) == 1
        return sequence_number

    def answer_to(self, sequence_number: int, within_s: float) -> int:
        """command_status of the deliver_sm_resp or data_sm_resp, once it is there."""
        answers = self._wiretap.deliver_answers
        wait_until(lambda: sequence_number in answers, within_s, "an answer to a delivery")
        return answers[sequence_number]

    def report(self) -> dict[str, Any]:
        """What it saw, see sandbox.smsc.ledger."""
        return self._loop.call(self._smsc.report)

    def change(self, **traits: object) -> None:
        self._loop.run(self._smsc.change(**traits))

    def act(self, name: str, **details: object) -> int:
        return self._loop.call(lambda: self._smsc.act(name, **details))
