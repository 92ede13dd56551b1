"""What NetworkPolicies allow, evaluated as the API defines it (networking.k8s.io/v1)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

NAMESPACE_NAME = "kubernetes.io/metadata.name"  # a label that every namespace has

Policy = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    namespace: str
    labels: Mapping[str, str]


@dataclass(frozen=True)
class Host:
    """Something outside the cluster."""

    address: str


Peer = Pod | Host


def may_send(policies: Sequence[Policy], sender: Pod, to: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether the sender's side lets it out."""
    return _allowed(policies, "Egress", sender, to, port, protocol)


def may_receive(policies: Sequence[Policy], receiver: Pod, source: Peer, port: int, protocol: str = "TCP") -> bool:
    """Whether the receiver's side lets it in."""
    return _allowed(policies, "Ingress", receiver, source, port, protocol)


def _allowed(policies: Sequence[Policy], direction: str, pod: Pod, peer: Peer, port: int, protocol: str) -> bool:
    """Who is selected by no policy of the direction is free; else some rule of some policy must match."""
    holding = [one for one in policies if direction in one["spec"]["policyTypes"] and _selects_pod(one, pod)]
    rules = [(one, rule) for one in holding for rule in one["spec"].get(direction.lower(), [])]
    return not holding or any(_rule_allows(one, rule, peer, port, protocol) for one, rule in rules)


def _selects_pod(policy: Policy, pod: Pod) -> bool:
    return _namespace(policy) == pod.namespace and _matches(policy["spec"]["podSelector"], pod.labels)


def _rule_allows(policy: Policy, rule: Mapping[str, Any], peer: Peer, port: int, protocol: str) -> bool:
    """An empty or missing list of peers or ports matches all of them."""
    peers, ports = rule.get("to") or rule.get("from"), rule.get("ports")
    fits_peer = not peers or any(_is_peer(policy, one, peer) for one in peers)
    fits_port = not ports or any((one.get("protocol", "TCP"), one["port"]) == (protocol, port) for one in ports)
    return fits_peer and fits_port


def _is_peer(policy: Policy, described: Mapping[str, Any], peer: Peer) -> bool:
    if isinstance(peer, Host):
        return "ipBlock" in described and _in_block(described["ipBlock"], peer)
    if "ipBlock" in described:
        return False
    return _in_namespace(policy, described, peer) and _matches(described.get("podSelector", {}), peer.labels)


def _in_namespace(policy: Policy, described: Mapping[str, Any], pod: Pod) -> bool:
    if "namespaceSelector" not in described:
        return pod.namespace == _namespace(policy)
    return _matches(described["namespaceSelector"], {NAMESPACE_NAME: pod.namespace})


def _in_block(block: Mapping[str, Any], host: Host) -> bool:
    address = ip_address(host.address)
    return address in ip_network(block["cidr"]) and not any(
        address in ip_network(one) for one in block.get("except", [])
    )


def _matches(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    assert selector.keys() <= {"matchLabels"}, "this evaluator knows no matchExpressions"
    return selector.get("matchLabels", {}).items() <= labels.items()


def _namespace(policy: Policy) -> str:
    namespace: str = policy["metadata"].get("namespace", "messaging")
    return namespace
