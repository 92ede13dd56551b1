"""Replicas of one service: they share a connector group, whose operators can change while they run."""

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import count
from typing import Self

import nats
from background_loop import BackgroundLoop
from connector_process import ConnectorProcess
from mobile_operator import MobileOperator
from platform_side import CONFIG_CHANGED

from sandbox.stack import Stack

_groups = count(1)


class Fleet:
    """Use it with `with`: at its end every replica that still runs must stop well, and nothing of any is left."""

    def __init__(
        self, stack: Stack, loop: BackgroundLoop, replica_class: type[ConnectorProcess] = ConnectorProcess
    ) -> None:
        """The schema must be migrated."""
        self._stack = stack
        self._loop = loop
        self._replica_class = replica_class
        self._group = f"fleet-{next(_groups)}"
        self._running = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._running.close()

    def tell(self, *operators: MobileOperator) -> None:
        """From now on these, as they are now, are the operators of the group; running replicas look at once."""
        self.record(*operators)
        self._loop.run(self._announce())

    def record(self, *operators: MobileOperator) -> None:
        """The same without a word to anybody."""
        self._stack.write_operators(
            {operator.operator_id: operator.config for operator in operators},
            {operator.operator_id: operator.credentials for operator in operators},
            {self._group: [operator.operator_id for operator in operators]},
        )

    def start(self, *names: str, **settings: str) -> list[ConnectorProcess]:
        """Replicas with these names, started side by side."""
        replicas = [self.launch(name, **settings) for name in names]
        for replica in replicas:
            replica.wait_ready()
        return replicas

    def launch(self, name: str, **settings: str) -> ConnectorProcess:
        """A replica that has been started and not waited for."""
        replica = self._running.enter_context(self._replica(name, settings))
        replica.launch()
        return replica

    @contextmanager
    def _replica(self, name: str, settings: dict[str, str]) -> Iterator[ConnectorProcess]:
        mine = {"CONNECTOR_ID": name, "CONNECTOR_GROUP": self._group}
        replica = self._replica_class({**self._stack.environment, **mine, **settings})
        try:
            yield replica
            if replica.running:
                assert replica.finish() == 0, f"{name} did not stop well"
            assert replica.left_over() == [], f"processes of {name} are left"
            assert replica.events("actor_bug") == [], f"a bug ended an actor of {name}"
        finally:
            print(f"--- log of {name}", replica.log_file.read_text(), sep="\n")
            replica.close()

    async def _announce(self) -> None:
        environment = self._stack.environment
        client = await nats.connect(environment["NATS_URL"], nkeys_seed=environment["NATS_NKEY_SEED_FILE"])
        try:
            await client.publish(CONFIG_CHANGED, b"")
            await client.flush()
        finally:
            await client.close()
