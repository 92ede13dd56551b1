"""Links over TLS: the SMSC proves who it is, by authority and name, and so do we where it asks (issue 3, row 1)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from connector_process import ConnectorProcess
from fleet import Fleet
from makers import Connect, Operators, Sites
from mobile_operator import MobileOperator
from operator_site import Site
from simulated_operator import PASSWORD, SYSTEM_ID
from tls_gate import TlsGate, running_gate
from waiting import wait_until

from sandbox.authority import Authority
from sandbox.operator_data import Credentials
from sandbox.smsc.tls import TlsFiles
from sandbox.tls import Identity

pytestmark = pytest.mark.scenarios

SEEN_S = 10.0
NAME = "smsc.example"


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "operator")


@pytest.fixture
def smsc(site: Sites, authority: Authority) -> Site:
    """Its certificate names NAME and the loopback addresses."""
    identity = authority.issue_server("smsc", NAME)
    return site(tls=TlsFiles(identity.cert_file, identity.key_file))


@pytest.fixture
def mno(operator: Operators, smsc: Site, authority: Authority) -> Callable[..., MobileOperator]:
    """An operator whose endpoint has these TLS settings in place of the right ones."""

    def make(**settings: Any) -> MobileOperator:
        tls = {"tls": True, "tls_ca_pem": authority.ca_file.read_text(), "tls_server_name": NAME, **settings}
        return operator(smsc, endpoints=[{"host": "127.0.0.1", "port": smsc.port, **tls}])

    return make


@pytest.fixture
def asking(authority: Authority) -> TlsFiles:
    """Of an SMSC that lets in only who shows a certificate of the same authority."""
    identity = authority.issue_server("asking-smsc", NAME)
    return TlsFiles(identity.cert_file, identity.key_file, client_ca=authority.ca_file)


@pytest.fixture
def asking_smsc(site: Sites, asking: TlsFiles) -> Site:
    return site(tls=asking)


@pytest.fixture
def gate(asking: TlsFiles) -> Iterator[TlsGate]:
    with running_gate(asking) as running:
        yield running


@pytest.fixture
def registered(operator: Operators, authority: Authority) -> Callable[..., MobileOperator]:
    """An operator whose SMSC listens there, with these credentials; settings are of its endpoint."""

    def make(smsc: Site | TlsGate, credentials: Credentials, **settings: Any) -> MobileOperator:
        tls = {"tls": True, "tls_ca_pem": authority.ca_file.read_text(), "tls_server_name": NAME, **settings}
        mno = operator(endpoints=[{"host": "127.0.0.1", "port": smsc.port, **tls}])
        mno.credentials = credentials
        return mno

    return make


@pytest.fixture
def ours(authority: Authority) -> Credentials:
    """With a certificate that the SMSC accepts."""
    return credentials_of(authority.issue_client("esme"))


def credentials_of(client: Identity) -> Credentials:
    certificate, key = client.cert_file.read_text(), client.key_file.read_text()
    return Credentials(system_id=SYSTEM_ID, password=PASSWORD, version=1, tls_cert_pem=certificate, tls_key_pem=key)


def assert_refused_twice(service: ConnectorProcess, words: str) -> None:
    """It was tried twice in vain, and the log says why each time."""
    wait_until(lambda: len(service.events("bind_failed")) >= 2, SEEN_S, "two failed binds in the log")
    told = [line["message"] for line in service.events("bind_failed")]
    assert all(words in message for message in told), told


def assert_never_bound(service: ConnectorProcess, smsc: Site, words: str) -> None:
    assert_refused_twice(service, words)
    assert smsc.binds["total"] == 0


@pytest.mark.parametrize("server_name", [NAME, None], ids=["by its name", "by its address"])
def test_an_smsc_that_proves_who_it_is_is_bound(
    mno: Callable[..., MobileOperator], connect: Connect, smsc: Site, server_name: str | None
) -> None:
    connect(mno(tls_server_name=server_name))
    assert smsc.binds["now"] == 1


def test_an_smsc_with_another_name_is_not_bound(
    mno: Callable[..., MobileOperator], connect: Connect, smsc: Site
) -> None:
    service = connect(mno(tls_server_name="smsc.elsewhere"), wait=False)
    assert_never_bound(service, smsc, "the SMSC's certificate is refused: Hostname mismatch")


def test_an_smsc_of_an_unknown_authority_is_not_bound(
    mno: Callable[..., MobileOperator], connect: Connect, smsc: Site, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger").ca_file.read_text()
    service = connect(mno(tls_ca_pem=stranger), wait=False)
    assert_never_bound(service, smsc, "the SMSC's certificate is refused: unable to get local issuer certificate")


def test_an_smsc_without_tls_is_not_bound_where_tls_is_wanted(
    operator: Operators, connect: Connect, site: Sites, authority: Authority
) -> None:
    plain = site()
    tls = {"tls": True, "tls_ca_pem": authority.ca_file.read_text()}
    mno = operator(plain, endpoints=[{"host": "127.0.0.1", "port": plain.port, **tls}])
    assert_never_bound(connect(mno, wait=False), plain, "connect failed")


def test_an_smsc_that_asks_for_our_certificate_is_bound_with_it(
    registered: Callable[..., MobileOperator], connect: Connect, asking_smsc: Site, ours: Credentials
) -> None:
    connect(registered(asking_smsc, ours))
    assert asking_smsc.binds["now"] == 1


def test_transmitter_and_receiver_each_show_our_certificate(
    registered: Callable[..., MobileOperator], connect: Connect, asking_smsc: Site, ours: Credentials
) -> None:
    mno = registered(asking_smsc, ours)
    mno.settings["bind"] = {"mode": "transmitter_receiver"}
    connect(mno)
    assert asking_smsc.binds["now"] == 2


def test_without_our_certificate_the_refusal_of_the_smsc_is_told(
    registered: Callable[..., MobileOperator], connect: Connect, gate: TlsGate
) -> None:
    nothing = Credentials(system_id=SYSTEM_ID, password=PASSWORD, version=1)
    assert_refused_twice(connect(registered(gate, nothing), wait=False), "certificate required")
    assert gate.let_in == 0


def test_a_certificate_of_an_authority_that_the_smsc_does_not_know_is_refused_in_its_words(
    registered: Callable[..., MobileOperator], connect: Connect, gate: TlsGate, tmp_path: Path
) -> None:
    stranger = credentials_of(Authority(tmp_path / "stranger").issue_client("esme"))
    assert_refused_twice(connect(registered(gate, stranger), wait=False), "unknown ca")
    assert gate.let_in == 0


def test_our_certificate_does_not_let_an_smsc_with_another_name_in(
    registered: Callable[..., MobileOperator], connect: Connect, asking_smsc: Site, ours: Credentials
) -> None:
    service = connect(registered(asking_smsc, ours, tls_server_name="smsc.elsewhere"), wait=False)
    assert_never_bound(service, asking_smsc, "the SMSC's certificate is refused: Hostname mismatch")


def test_a_key_of_another_certificate_is_told_once_and_the_right_one_is_taken_when_it_comes(
    registered: Callable[..., MobileOperator],
    asking_smsc: Site,
    fleet: Fleet,
    connect: Connect,
    ours: Credentials,
    authority: Authority,
) -> None:
    another = authority.issue_client("another").key_file.read_text()
    mno = registered(asking_smsc, msgspec.structs.replace(ours, tls_key_pem=another))
    words = "no client certificate: tls_key_pem is not the key of tls_cert_pem"
    service = connect(mno, wait=False)
    service.running_node(mno.session(), bound=False, last_error=words)

    mno.credentials = ours
    fleet.tell(mno)
    mno.wait_bound(service)
    assert [line["message"] for line in service.events("bind_not_tried")] == [words]


def test_our_key_is_in_no_log_no_dump_and_no_file(
    registered: Callable[..., MobileOperator], connect: Connect, asking_smsc: Site, ours: Credentials
) -> None:
    service = connect(registered(asking_smsc, ours), LOG_LEVEL="DEBUG")
    assert ours.tls_key_pem is not None
    secrets = [line.encode() for line in ours.tls_key_pem.splitlines() if not line.startswith("-----")]
    shown = [service.get("/status").encode(), service.get("/").encode(), service.get("/metrics").encode()]
    written = [path.read_bytes() for path in service.directory.rglob("*") if path.is_file()]
    assert service.log_file.read_bytes() in written
    assert [secret for secret in secrets if any(secret in content for content in [*shown, *written])] == []
