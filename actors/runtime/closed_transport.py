"""Thespian's transport closed to strangers: loopback only, and no frame is unpickled before it is authenticated.

As shipped, every actor listens on 0.0.0.0 and unpickles what it is sent: remote code execution for anyone who
reaches a port. The places that matter are module-level in Thespian 4.0.1: `serializer` in TCPTransport with the two
acknowledgements made from it, and `bindArgs` of its addresses. The pin in setup.cfg holds them still; a test connects
from outside to prove it.
"""

import hashlib
import hmac
import os
import pickle  # frames are authenticated before they come near it  # nosec B403
from typing import Any

from thespian.system.transport import IPBase, TCPTransport, streamBuffer

LOOPBACK = "127.0.0.1"
DIGEST_BYTES = hashlib.sha256().digest_size


class UnauthenticatedFrame(Exception):
    """A frame on an actor port does not carry our secret's signature."""


class SignedPickle:
    """Stands in for the pickle module in Thespian's transport: HMAC-SHA256 in front, checked before unpickling."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def __repr__(self) -> str:
        return "SignedPickle()"

    def dumps(self, message: Any) -> bytes:
        body = pickle.dumps(message, pickle.HIGHEST_PROTOCOL)
        return self._signature(body) + body

    def loads(self, frame: bytes) -> Any:
        signature, body = frame[:DIGEST_BYTES], frame[DIGEST_BYTES:]
        if not hmac.compare_digest(signature, self._signature(body)):
            raise UnauthenticatedFrame
        return pickle.loads(body)  # only what a process of this service has signed  # nosec B301

    def _signature(self, body: bytes) -> bytes:
        return hmac.digest(self._secret, body, "sha256")


def close_transport(secret: bytes) -> None:
    """Apply both closures to this process and all that it forks; call before the actor system starts."""
    os.environ["THESPIAN_BASE_IPADDR"] = LOOPBACK
    signed = SignedPickle(secret)
    TCPTransport.serializer = signed
    TCPTransport.ackMsg = streamBuffer.toSendBuffer(streamBuffer.ackPacket, signed.dumps)
    TCPTransport.ackDataErrMsg = streamBuffer.toSendBuffer(streamBuffer.ackDataErrPacket, signed.dumps)
    IPBase.IPActorAddress.bindArgs = property(lambda address: ((LOOPBACK, address.bindname[1]),))
