"""The operators of the demonstration: how each SMSC behaves, and what the connector is told about it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

TPS = 250
"""submit_sm a second of each operator: more than the demonstration needs, so that its latencies are the connector's."""

FIRST_HEX_ID = 0xC0FFEE00  # ids of ten decimal digits, and with letters in hex


@dataclass(frozen=True, slots=True)
class Role:
    """One operator. behaviour: traits of sandbox.smsc.character; settings: parts of the OperatorConfig."""

    operator_id: str
    name: str
    remark: str
    behaviour: Mapping[str, object]
    settings: Mapping[str, object]

    def config(self, host: str, port: int) -> dict[str, Any]:
        """The OperatorConfig, as the operator-management-service tells it."""
        endpoints = [{"role": "primary", "host": host, "port": port}]
        known = {"operator_id": self.operator_id, "name": self.name, "endpoints": endpoints, "tps": TPS}
        return {**known, **self.settings}


CAST = (
    Role(
        "alpha",
        "Alpha Mobile",
        "plain transceiver",
        {"receipt_delay_s": 0.05, "receipt_spread_s": 0.1},
        {},
    ),
    Role(
        "bravo",
        "Bravo Telecom",
        "refuses bind_transceiver, tells ENROUTE first",
        {
            "refused_modes": ["transceiver"],
            "intermediate": "receipt",
            "receipt_delay_s": 0.1,
            "receipt_spread_s": 0.2,
        },
        {},
    ),
    Role(
        "carlo",
        "Carlo Networks",
        "slow answers, 16-bit UDH, hex ids but decimal in receipts",
        {
            "answer_delay_s": 0.1,
            "answer_spread_s": 0.2,
            "receipt_delay_s": 0.2,
            "receipt_spread_s": 0.3,
            "id_notation": "hex",
            "receipt_id_notation": "decimal",
            "id_start": FIRST_HEX_ID,
        },
        {"long_messages": "udh16", "message_id": {"submit_resp": "hex", "receipt": "dec"}},
    ),
)
