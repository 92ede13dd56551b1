"""Sessions that a service has bound anew because of new settings or credentials, as its log tells."""

from connector_process import ConnectorProcess

BEGIN_AND_END = ("session_unbound", "session_bound")


def renewed(service: ConnectorProcess) -> list[str]:
    """Their names, in the order of their turns."""
    return [line["session"] for line in service.events("session_renewal")]


def assert_one_after_the_other(service: ConnectorProcess) -> None:
    """Each was bound again before the next was unbound, and no session was lost in another way."""
    seen = [(line["event"], line["actor"]) for line in service.log if line["event"] in BEGIN_AND_END]
    first_loss = [event for event, _name in seen].index("session_unbound")
    assert seen[first_loss:] == [(event, name) for name in renewed(service) for event in BEGIN_AND_END]
