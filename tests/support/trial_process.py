"""A service of trivial actors (trial_actors.py) as a process."""

import socket
import sys
from collections.abc import Sequence
from pathlib import Path

from connector_process import ConnectorProcess
from trial_actors import deeds_file, order_frame

from actors.runtime.lanes import encode_frame

SEND_S = 5.0


class TrialProcess(ConnectorProcess):
    """Use it with `with`."""

    def command(self) -> Sequence[str | Path]:
        return [sys.executable, "-m", "trial_service"]

    def order(self, actor: str, deed: str) -> None:
        """Have this actor do it (trial_actors.TrialBody)."""
        with socket.socket(socket.AF_UNIX) as lane:
            lane.settimeout(SEND_S)
            lane.connect(str(self.runtime_dir / "lanes" / "connector"))
            lane.sendall(encode_frame(order_frame(actor, deed)))

    def deeds(self) -> list[str]:
        """What was done until now, as "actor deed"."""
        file = deeds_file(self.runtime_dir)
        return file.read_text().splitlines() if file.exists() else []
