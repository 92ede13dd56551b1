"""Lets the actors' processes keep what coverage saw in them; Python imports this file at the start of each service.

An actor's process is ended by the kernel as soon as its parent's has ended, which its parent does once it was told of
the child's end: what was measured must be on disk before that. Without coverage nothing happens here.
"""

import os
from typing import Any

if "COVERAGE_PROCESS_CONFIG" in os.environ:  # coverage's own way to tell its subprocesses
    from coverage import Coverage
    from thespian.actors import ActorExitRequest

    from actors.runtime.base import BaseActor

    receive = BaseActor.receiveMessage

    def save_and_receive(self: BaseActor, message: Any, sender: Any) -> Any:
        if isinstance(message, ActorExitRequest) and (measured := Coverage.current()):
            measured.save()
        return receive(self, message, sender)

    BaseActor.receiveMessage = save_and_receive  # type: ignore[method-assign]
