"""The reply subject of a JetStream delivery, which carries all that is known of it. Source: NATS ADR-15.

$JS.ACK.<stream>.<consumer>.<deliveries>.<stream sequence>.<consumer sequence>.<published, ns>.<pending>, or, in its
second version, with a domain and an account before the stream and a token of chance at the end.
"""

V2_TOKENS = 11  # at least
DELIVERIES, STREAM_SEQUENCE, PUBLISHED_NS = 4, 5, 7


def stream_sequence(reply: str) -> int:
    """The number of the message in its stream, the same at every delivery."""
    return int(_token(reply, STREAM_SEQUENCE))


def deliveries(reply: str) -> int:
    """How often JetStream has delivered the message, this time included."""
    return int(_token(reply, DELIVERIES))


def published_at(reply: str) -> float:
    """Seconds since the epoch at which JetStream stored the message."""
    return int(_token(reply, PUBLISHED_NS)) / 1e9


def _token(reply: str, place: int) -> str:
    tokens = reply.split(".")
    return tokens[place + 2 if len(tokens) >= V2_TOKENS else place]
