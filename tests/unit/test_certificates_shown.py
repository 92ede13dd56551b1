"""Which certificates are shown, and what becomes of one that is not there any more."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from metric_processes import Scrapes, metrics_of_a_fresh_process
from pem import certificate

from actors.certificates import Certificate, CertificateEnds
from config.operators import Endpoint, EndpointRole, OperatorConfig

SOON, LATER = datetime(2027, 1, 1, tzinfo=UTC), datetime(2030, 1, 1, tzinfo=UTC)
NAME = "smpp_certificate_not_after_timestamp_seconds"


@pytest.fixture
def scrapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Scrapes]:
    with metrics_of_a_fresh_process(tmp_path / "metrics", monkeypatch) as scrapes:
        yield scrapes


def shown(scrapes: Scrapes, certificate: Certificate, operator: str) -> float | None:
    return scrapes.value(NAME, certificate=certificate.value, operator=operator)


def an_operator(*authorities: str | None) -> OperatorConfig:
    endpoints = [
        Endpoint(role=EndpointRole.PRIMARY, host="127.0.0.1", port=2775, tls=pem is not None, tls_ca_pem=pem)
        for pem in authorities
    ]
    return OperatorConfig(operator_id="alpha", endpoints=endpoints)


def test_of_all_endpoints_the_authority_that_ends_first_is_shown(scrapes: Scrapes):
    CertificateEnds().show_authorities(an_operator(certificate(LATER), None, certificate(SOON)))
    assert shown(scrapes, Certificate.SMSC_CA, "alpha") == SOON.timestamp()


def test_an_operator_without_tls_is_not_shown(scrapes: Scrapes):
    ends = CertificateEnds()
    ends.show_authorities(an_operator(None))
    ends.show(Certificate.SMSC_CLIENT, "alpha", None)
    assert scrapes.samples() == {}


def test_a_certificate_that_is_taken_away_is_shown_as_endless(scrapes: Scrapes):
    ends = CertificateEnds()
    ends.show(Certificate.SMSC_CLIENT, "alpha", certificate(SOON))
    ends.show(Certificate.SMSC_CLIENT, "alpha", None)
    assert shown(scrapes, Certificate.SMSC_CLIENT, "alpha") == math.inf


def test_those_of_an_operator_that_is_gone_are_shown_as_endless(scrapes: Scrapes):
    ends = CertificateEnds()
    for operator_id in ("alpha", "beta"):
        ends.show(Certificate.SMSC_CLIENT, operator_id, certificate(SOON))
    ends.forget("alpha")
    assert [shown(scrapes, Certificate.SMSC_CLIENT, one) for one in ("alpha", "beta")] == [math.inf, SOON.timestamp()]
