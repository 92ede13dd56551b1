"""The end of a certificate, against what cryptography says of it, and on input that is none."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pem import certificate

from adapters.certificate_end import earliest_end, earliest_end_in_file


@pytest.mark.parametrize("year", [1956, 1999, 2027, 2049, 2050, 2068, 2100])
def test_the_end_is_read_in_either_way_to_write_it(year: int):
    end = datetime(year, 3, 4, 5, 6, 7, tzinfo=UTC)
    assert earliest_end(certificate(end)) == end.timestamp()


@pytest.mark.parametrize("length", [1, 60, 64])
def test_the_end_is_read_whatever_stands_before_it(length: int):
    end = datetime(2027, 1, 1, tzinfo=UTC)
    assert earliest_end(certificate(end, "n" * length)) == end.timestamp()


def test_of_several_certificates_the_first_end_counts():
    first = datetime(2027, 1, 1, tzinfo=UTC)
    pem = "".join(certificate(first + timedelta(days=days)) for days in (300, 0, 30))
    assert earliest_end(f"a comment\n{pem}") == first.timestamp()


def test_what_is_no_certificate_has_no_end(tmp_path: Path):
    (tmp_path / "binary").write_bytes(b"\xff\xfe")
    assert earliest_end("") is None
    assert earliest_end(ssl.DER_cert_to_PEM_cert(b"\x30\x03\x02\x01\x05")) is None
    assert earliest_end_in_file(tmp_path / "nothing.pem") is None
    assert earliest_end_in_file(tmp_path / "binary") is None


def test_the_end_of_a_file_is_that_of_what_it_holds(tmp_path: Path):
    end = datetime(2027, 1, 1, tzinfo=UTC)
    (tmp_path / "tls.crt").write_text(certificate(end))
    assert earliest_end_in_file(tmp_path / "tls.crt") == end.timestamp()


@given(st.binary(max_size=80))
def test_no_input_raises(content: bytes):
    assert earliest_end(ssl.DER_cert_to_PEM_cert(content)) is None
