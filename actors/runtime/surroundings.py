"""What every actor process inherits by fork from the main process: settings and places, never sent over a socket."""

from dataclasses import dataclass
from pathlib import Path

from config.settings import Settings


@dataclass(frozen=True)
class Surroundings:
    settings: Settings
    lanes: Path
    metrics: Path


_surroundings: Surroundings | None = None


def set_surroundings(surroundings: Surroundings) -> None:
    """Called once, by the main process before it starts the actor system."""
    global _surroundings
    _surroundings = surroundings


def surroundings() -> Surroundings:
    if _surroundings is None:
        raise RuntimeError("no surroundings: the actor system was not started by start_actor_system")
    return _surroundings
