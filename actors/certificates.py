"""Shows when the certificates end that the service relies on, before a link or a bind fails for it."""

import math
from enum import Enum
from pathlib import Path

from adapters.certificate_end import earliest_end, earliest_end_in_file
from adapters.telemetry import metrics
from config.operators import OperatorConfig
from config.settings import Settings

SHARED = ""  # in place of an operator


class Certificate(Enum):
    """What one is for, as the label says it."""

    MANAGEMENT_CLIENT = "management-client"
    MANAGEMENT_CA = "management-ca"
    NATS_CA = "nats-ca"
    SMSC_CLIENT = "smsc-client"
    SMSC_CA = "smsc-ca"


class CertificateEnds:
    """Of one process. One that is gone is shown as endless: a gauge cannot be taken back while its process lives."""

    def __init__(self) -> None:
        self._shown: set[tuple[Certificate, str]] = set()

    def show_files(self, settings: Settings) -> None:
        """Those of the settings, as they are now."""
        self._show_file(Certificate.MANAGEMENT_CLIENT, settings.operator_management_cert_file)
        self._show_file(Certificate.MANAGEMENT_CA, settings.operator_management_ca_file)
        self._show_file(Certificate.NATS_CA, settings.nats_ca_file)

    def show_authorities(self, operator: OperatorConfig) -> None:
        """Those that the operator's SMSCs are known by."""
        pem = "\n".join(endpoint.tls_ca_pem or "" for endpoint in operator.endpoints if endpoint.tls)
        self.show(Certificate.SMSC_CA, operator.operator_id, pem)

    def show(self, certificate: Certificate, operator_id: str, pem: str | None) -> None:
        """The first to end of these."""
        self._set(certificate, operator_id, earliest_end(pem or ""))

    def forget(self, operator_id: str) -> None:
        """It is none of ours any more."""
        for certificate, owner in list(self._shown):
            if owner == operator_id:
                self._set(certificate, owner, None)

    def _show_file(self, certificate: Certificate, path: Path | None) -> None:
        self._set(certificate, SHARED, earliest_end_in_file(path) if path is not None else None)

    def _set(self, certificate: Certificate, operator_id: str, end: float | None) -> None:
        if end is None and (certificate, operator_id) not in self._shown:
            return
        self._shown.add((certificate, operator_id))
        gauge = metrics.gauge(
            "smpp_certificate_not_after_timestamp_seconds", certificate=certificate.value, operator=operator_id
        )
        gauge.set(math.inf if end is None else end)
