"""Links over TLS: who the SMSC is must be proven, by its authority and by its name (issue 3, row 1)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from connector_process import ConnectorProcess
from makers import Connect, Operators, Sites
from mobile_operator import MobileOperator
from operator_site import Site
from waiting import wait_until

from sandbox.authority import Authority
from sandbox.smsc.tls import TlsFiles

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


def assert_never_bound(service: ConnectorProcess, smsc: Site) -> None:
    wait_until(lambda: len(service.events("bind_failed")) >= 2, SEEN_S, "two failed binds in the log")
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
    assert_never_bound(connect(mno(tls_server_name="smsc.elsewhere"), wait=False), smsc)


def test_an_smsc_of_an_unknown_authority_is_not_bound(
    mno: Callable[..., MobileOperator], connect: Connect, smsc: Site, tmp_path: Path
) -> None:
    stranger = Authority(tmp_path / "stranger").ca_file.read_text()
    assert_never_bound(connect(mno(tls_ca_pem=stranger), wait=False), smsc)


def test_an_smsc_without_tls_is_not_bound_where_tls_is_wanted(
    operator: Operators, connect: Connect, site: Sites, authority: Authority
) -> None:
    plain = site()
    tls = {"tls": True, "tls_ca_pem": authority.ca_file.read_text()}
    mno = operator(plain, endpoints=[{"host": "127.0.0.1", "port": plain.port, **tls}])
    assert_never_bound(connect(mno, wait=False), plain)
