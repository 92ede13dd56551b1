"""The body of one actor in the test's own process: frames are put into its hands, and what it answers is kept."""

import asyncio
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from ending import end

import actors.runtime.surroundings
from actors.runtime.body import Body
from actors.runtime.surroundings import Surroundings, set_surroundings
from adapters.postgres.connection import PostgresConnection
from config.settings import load_settings
from messages.control import Start

SETTLED_S = 20.0
LOOK_S = 0.005


class Producer:
    """In place of the lane's connection to whoever sent the frames."""

    def __init__(self) -> None:
        self.sent: list[Any] = []
        self.confirmed: list[int] = []

    def send(self, message: Any, number: int = 0) -> None:
        self.sent.append(message)

    def confirm(self, numbers: list[int]) -> None:
        self.confirmed += numbers


class NoShell:
    """An actor without parent and children."""

    def tell_parent(self, message: Any) -> None: ...


class CountedConnection(PostgresConnection):
    """Counts its round trips; `run` is one, see test_postgres_connection."""

    opened: ClassVar["list[CountedConnection]"] = []

    def __init__(self, dsn: str, application_name: str, **options: Any) -> None:
        super().__init__(dsn, application_name, **options)
        self.name = application_name
        self.trips = 0
        self.opened.append(self)

    async def run(self, *calls: Any) -> list[list[Any]]:
        self.trips += 1
        return await super().run(*calls)


@contextmanager
def surroundings_of(environment: Mapping[str, str], directory: Path) -> Iterator[None]:
    """What an actor finds in its process."""
    set_surroundings(Surroundings(load_settings(environment), lanes=directory, metrics=directory, submits=directory))
    try:
        yield
    finally:
        actors.runtime.surroundings._surroundings = None


def make_body(body_class: type[Body], name: str) -> Body:
    return body_class(Start(name, 0), NoShell())  # type: ignore[arg-type]


async def stop_tasks(body: Body) -> None:
    await end(body._tasks)


async def until(condition: Callable[[], bool], within_s: float = SETTLED_S) -> None:
    deadline = time.monotonic() + within_s
    while not condition():
        assert time.monotonic() < deadline, "not in time"
        await asyncio.sleep(LOOK_S)
