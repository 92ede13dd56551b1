"""The number that JetStream gave a message in its stream, the same at every delivery."""

V2_TOKENS = 11  # at least; their third and fourth are the domain and the account


def stream_sequence(reply: str) -> int:
    """From the reply subject of a delivery.

    $JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>... or, with a domain and an account before the stream,
    the second version of it. Source: NATS ADR-15.
    """
    tokens = reply.split(".")
    return int(tokens[7 if len(tokens) >= V2_TOKENS else 5])
