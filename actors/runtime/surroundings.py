"""What every actor process inherits by fork from the main process: settings and places, never sent over a socket."""

import secrets
from dataclasses import dataclass, field
from pathlib import Path

from config.settings import Settings


@dataclass(frozen=True)
class Surroundings:
    """run_id: another for each run of the service, so that a new one is not taken for its predecessor. submits: the
    journals of the sessions, which outlive a run that is killed."""

    settings: Settings
    lanes: Path
    metrics: Path
    submits: Path
    run_id: str = field(default_factory=lambda: secrets.token_hex(4))


_surroundings: Surroundings | None = None


def set_surroundings(surroundings: Surroundings) -> None:
    """Called once, by the main process before it starts the actor system."""
    global _surroundings
    _surroundings = surroundings


def surroundings() -> Surroundings:
    if _surroundings is None:
        raise RuntimeError("no surroundings: the actor system was not started by start_actor_system")
    return _surroundings
