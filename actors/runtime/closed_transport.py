"""Thespian's transport closed to strangers: loopback only, nothing unpickled or kept that is not ours, few and short
connections of those who have not said anything of ours yet.

As shipped, every actor listens on 0.0.0.0 and unpickles what it is sent: remote code execution for anyone who
reaches a port; reads as much as a sender announces; a size of -5 ends the actor; a silent connection stays for seven
minutes or for ever. The places that matter are module-level in Thespian 4.0.1: in TCPTransport what makes and reads
frames, with the two acknowledgements made from it; the transport's class; and `bindArgs` of its addresses. The pin in
setup.cfg holds them still; tests connect from outside to prove it.
"""

import os
import pickle  # frames are authenticated before they come near it  # nosec B403
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from thespian.system import multiprocTCPBase
from thespian.system.transport import IPBase, TCPTransport, streamBuffer

from actors.runtime.sealed_frames import ReceivedFrame, Seal

LOOPBACK = "127.0.0.1"
MOST_INCOMPLETE = 64  # connections of which no whole frame of ours has come; ours follows within milliseconds
INCOMPLETE_S = 10.0  # for a whole frame to come
AT_A_TIMEOUT = -1  # what Thespian gives in place of a descriptor when it only looks at the time


class ClosedTransport(TCPTransport.TCPTransport):  # type: ignore[misc]  # Thespian has no type hints
    """Bounds the connections that others have opened and not used yet. The names are Thespian's."""

    def _acceptNewIncoming(self) -> None:
        super()._acceptNewIncoming()
        while len(self._incomingSockets) > MOST_INCOMPLETE:
            longest_quiet = next(iter(self._incomingSockets))
            self._incomingSockets.pop(longest_quiet).close()

    def _handlePossibleIncoming(self, incoming: Any, descriptor: int, *args: Any, **named: Any) -> Any:
        """What remains of the connection; Thespian itself would try to read another twenty times, whenever something
        else wakes it."""
        if descriptor == AT_A_TIMEOUT and incoming._expires.view().expired():
            incoming.close()
            return None
        return super()._handlePossibleIncoming(incoming, descriptor, *args, **named)


def close_transport(secret: bytes) -> None:
    """Apply all closures to this process and all that it forks; call before the actor system starts."""
    os.environ["THESPIAN_BASE_IPADDR"] = LOOPBACK
    IPBase.IPActorAddress.bindArgs = property(lambda address: ((LOOPBACK, address.bindname[1]),))
    multiprocTCPBase.ActorSystemBase.transportType = ClosedTransport
    TCPTransport.MAX_INCOMING_SOCKET_PERIOD = timedelta(seconds=INCOMPLETE_S)
    _seal_frames(Seal(secret))


def _seal_frames(seal: Seal) -> None:
    def to_send(message: Any, serialize: Callable[[Any], bytes] = pickle.dumps) -> bytes:
        return seal.frame(serialize(message))

    TCPTransport.toSendBuffer = to_send
    TCPTransport.ReceiveBuffer = lambda read: ReceivedFrame(seal, read)
    TCPTransport.ackMsg = to_send(streamBuffer.ackPacket)
    TCPTransport.ackDataErrMsg = to_send(streamBuffer.ackDataErrPacket)
