"""Wrong values are refused, and the message says which one and what was expected."""

import pytest
from helm_chart import ChartRefused, template

REFUSED = [
    ({"replica": "3"}, "Additional property replica is not allowed"),
    ({"replicas": "two"}, "replicas: Invalid type. Expected: integer, given: string"),
    ({"replicas": "0"}, "replicas: Must be greater than or equal to 1"),
    ({"image__pullPolicy": "Sometimes"}, 'must be one of the following: "Always", "IfNotPresent", "Never"'),
    ({"image__digest": "sha256:abc"}, "image.digest: Does not match pattern '^(sha256:[0-9a-f]{64})?$'"),
    ({"log__level": "LOUD"}, 'must be one of the following: "DEBUG", "INFO", "WARNING", "ERROR"'),
    ({"operatorManagement__url": "http://plain"}, "operatorManagement.url: Does not match pattern '^https://'"),
    ({"operatorManagement__tlsSecret__name": ""}, "operatorManagement.tlsSecret.name: Does not match pattern"),
    ({"nats__url": "localhost"}, "nats.url: Does not match pattern '^(nats|tls|ws|wss)://'"),
    ({"drainTimeoutS": "7200"}, "drainTimeoutS: Must be less than or equal to 3600"),
    ({"sweep__schedule": "nightly"}, "sweep.schedule: Does not match pattern"),
    ({"networkPolicy__nats__to": "null"}, "networkPolicy.nats: to is required"),
    ({"networkPolicy__nats__to": "[]"}, "networkPolicy.nats.to: Invalid type. Expected: array, given: string"),
    ({"networkPolicy__nats__port": "70000"}, "networkPolicy.nats.port: Must be less than or equal to 65535"),
    ({"operators[0]__operatorId": "alpha"}, "operators.0: endpoints is required"),
    ({"operators[0]__operatorId": "al pha"}, "operators.0.operatorId: Does not match pattern '^[A-Za-z0-9_-]{1,64}$'"),
    ({"postgres__dsn": "postgresql://smpp:hunter2@db/smpp"}, "postgres.dsn holds a password"),
    ({"postgres__dsn": "host=db password=hunter2"}, "postgres.dsn holds a password"),
    ({"redis__url": "redis://:hunter2@redis:6379/0"}, "redis.url holds credentials"),
    ({"nats__url": "nats://hunter2@nats:4222"}, "nats.url holds credentials"),
    ({"autoscaling__enabled": "true"}, "autoscaling.enabled: nothing to look at, operators is empty"),
]


@pytest.mark.parametrize(("settings", "message"), REFUSED, ids=lambda value: str(value)[:60])
def test_a_wrong_value_is_refused_with_what_was_expected(settings: dict[str, str], message: str):
    with pytest.raises(ChartRefused) as refusal:
        template(**settings)
    assert message in str(refusal.value)
    assert "hunter2" not in str(refusal.value)


@pytest.mark.parametrize(
    "cidr",
    ["0.0.0.0/0", "198.51.100.0/23", "198.51.100.10", "198.51.100.256/32", "smsc.example/32", "::/0", "2001:db8::/64"],
)
def test_what_is_no_host_or_small_network_is_no_endpoint(cidr: str):
    with pytest.raises(ChartRefused, match="is not a host like"):
        template(**operator("alpha", cidr))


@pytest.mark.parametrize("cidr", ["198.51.100.10/32", "198.51.100.0/24", "2001:db8::5/128", "2001:db8::500/120"])
def test_a_host_and_a_small_network_are_endpoints(cidr: str):
    assert template(**operator("alpha", cidr))


def test_an_operator_that_is_listed_twice_is_refused():
    twice = operator("alpha", "198.51.100.10/32") | operator("alpha", "198.51.100.11/32", index=1)
    with pytest.raises(ChartRefused, match="operators: alpha is listed twice"):
        template(**twice)


@pytest.mark.parametrize("block", ["0.0.0.0/0", "::/0"])
def test_a_server_that_may_be_anywhere_is_refused(block: str):
    with pytest.raises(ChartRefused, match="allows every address"):
        template(**{"networkPolicy__redis__to[0]__ipBlock__cidr": block})


def test_all_problems_are_told_together():
    with pytest.raises(ChartRefused) as refusal:
        template(postgres__dsn="postgresql://a:b@c/d", redis__url="redis://:x@y")
    assert "postgres.dsn" in str(refusal.value)
    assert "redis.url" in str(refusal.value)


def operator(operator_id: str, cidr: str, index: int = 0) -> dict[str, str]:
    """An operator as --set takes it."""
    entry = f"operators[{index}]"
    return {
        f"{entry}__operatorId": operator_id,
        f"{entry}__endpoints[0]__cidr": cidr,
        f"{entry}__endpoints[0]__port": "2775",
    }
