"""Vault, operator-management-service, connector: passwords on their whole way, and a rotation without a restart."""

import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator

import nats
import pytest
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from platform_side import Platform
from services import Services
from simulated_operator import PASSWORD, SYSTEM_ID, SimulatedOperator
from vault_server import Vault, running_vault
from waiting import wait_until

from sandbox.operator_data import Credentials
from sandbox.stack import Stack
from sandbox.tls import Identity, client_context

OPERATOR = "vaulted"
NEW_PASSWORD = "r0tated"
IN_THE_FILE = "unused"
HTTP_S = 10.0
SEEN_S = 20.0


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Vault]:
    with running_vault(tmp_path_factory.mktemp("vault")) as running:
        running.write(OPERATOR, system_id=SYSTEM_ID, password=PASSWORD)
        yield running


@pytest.fixture(scope="module")
def stack(vault: Vault) -> Iterator[Stack]:
    with Stack(vault=vault.place) as running:
        yield running


@pytest.fixture(scope="module")
def services(stack: Stack) -> Services:
    return Services(stack)


@pytest.fixture(scope="module")
def operator(loop: BackgroundLoop) -> Iterator[SimulatedOperator]:
    with SimulatedOperator(loop, OPERATOR) as running:
        running.credentials = Credentials(system_id=SYSTEM_ID, password=IN_THE_FILE, version=99)
        yield running


@pytest.fixture(scope="module")
def connector(services: Services, operator: SimulatedOperator) -> Iterator[ConnectorProcess]:
    with services.running(operator) as process:
        yield process


def tell_of_news(loop: BackgroundLoop, stack: Stack) -> None:
    """What the operator-management-service publishes when something has changed."""

    async def publish() -> None:
        client = await nats.connect(stack.nats.url, nkeys_seed=str(stack.nats.seed_file))
        await client.publish("operator.config.changed", b"")
        await client.drain()

    loop.run(publish())


def status_of(stack: Stack, path: str) -> int:
    """What the operator-management-service answers to the connector's certificate."""
    environment = stack.environment
    files = (environment[f"OPERATOR_MANAGEMENT_{name}_FILE"] for name in ("CERT", "KEY", "CA"))
    context: ssl.SSLContext = client_context(Identity(*files))
    try:
        with urllib.request.urlopen(stack.operator_management.url + path, timeout=HTTP_S, context=context) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return error.code


def test_the_operator_is_bound_by_the_password_in_vault(connector: ConnectorProcess, platform: Platform):
    connector.first_session(OPERATOR, bound=True, credentials_version=1)
    assert platform.final_event(platform.dispatch(OPERATOR))["status"] == "DELIVERED"


def test_a_new_version_in_vault_is_used_without_a_restart(
    loop: BackgroundLoop,
    stack: Stack,
    vault: Vault,
    operator: SimulatedOperator,
    connector: ConnectorProcess,
    platform: Platform,
):
    connector.first_session(OPERATOR, bound=True)
    before = connector.running_node(f"operator@{OPERATOR}")
    operator.change(logins=f"{SYSTEM_ID}:{NEW_PASSWORD}")
    version = vault.write(OPERATOR, system_id=SYSTEM_ID, password=NEW_PASSWORD)
    tell_of_news(loop, stack)

    connector.first_session(OPERATOR, bound=True, credentials_version=version)
    after = connector.running_node(f"operator@{OPERATOR}")
    assert (after["pid"], after["restarts"]) == (before["pid"], before["restarts"])
    assert platform.final_event(platform.dispatch(OPERATOR))["status"] == "DELIVERED"


def test_while_vault_refuses_the_service_its_answer_says_so_and_the_bind_stays(
    loop: BackgroundLoop, stack: Stack, vault: Vault, connector: ConnectorProcess
):
    connector.first_session(OPERATOR, bound=True)
    token = vault.place.token_file.read_text()
    vault.set_token("revoked")
    tell_of_news(loop, stack)
    try:
        log_file = stack.operator_management.log_file
        wait_until(lambda: "Vault: Forbidden" in log_file.read_text(), SEEN_S, "a question after the news")
        assert status_of(stack, f"/v1/operators/{OPERATOR}/credentials") == 503
        connector.first_session(OPERATOR, bound=True)
    finally:
        vault.set_token(token)


def test_a_name_that_is_no_operator_never_becomes_a_path_in_vault(
    stack: Stack, vault: Vault, connector: ConnectorProcess
):
    vault.write("stranger", system_id=SYSTEM_ID, password=PASSWORD)
    paths = ("stranger", "..%2Fsmpp%2Fvaulted", "%2E%2E%2F%2E%2E")
    assert [status_of(stack, f"/v1/operators/{name}/credentials") for name in paths] == [404, 404, 404]


def test_no_log_shows_a_password_or_the_token(stack: Stack, vault: Vault, connector: ConnectorProcess):
    logs = connector.log_file.read_text() + stack.operator_management.log_file.read_text()
    secrets = (PASSWORD, NEW_PASSWORD, IN_THE_FILE, vault.place.token_file.read_text())
    assert [secret for secret in secrets if secret in logs] == []
