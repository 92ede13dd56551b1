"""What one process of Locust has to do with a load: publish, unless it is the master; judge, unless it is a worker."""

import argparse
import logging
from typing import Any

from locust.env import Environment
from locust.runners import MasterRunner

from loadtest.locusts.connection import NatsError
from loadtest.locusts.journeys import Tally
from loadtest.locusts.run import Run

REPORTED_S = 7.0  # after this each worker has told the master twice what it has

TALLY, FAILURE = "load_tally", "load_failure"  # in a worker's report

log = logging.getLogger(__name__)


class Load:
    """Listens to Locust's events from its `init` on. failures: why processes cannot publish."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._run: Run | None = None
        self._reported: dict[str, Tally] = {}
        self.failures: list[str] = []
        events = environment.events
        events.test_start.add_listener(self._start)
        events.report_to_master.add_listener(self._report)
        events.worker_report.add_listener(self._take_report)

    @property
    def options(self) -> argparse.Namespace:
        options: argparse.Namespace | None = self._environment.parsed_options
        assert options is not None
        return options

    @property
    def tally(self) -> Tally:
        """Of all processes, as far as known here."""
        total = self._run.journeys.tally() if self._run else Tally()
        for reported in self._reported.values():
            total = total.plus(reported)
        return total

    def is_settled(self, waited_s: float) -> bool:
        """Whether nothing more can come, `waited_s` after the last publish."""
        told_all = waited_s > REPORTED_S or not isinstance(self._environment.runner, MasterRunner)
        return waited_s > self.options.settle_s or (told_all and not self.tally.outstanding)

    def publish(self, late_s: float) -> None:
        """One message that is due, `late_s` late."""
        if self._run is not None:
            self._run.journeys.scheduled(1, late_s)
            self._run.publish()

    def missed(self, due: int) -> None:
        """So many were due, and are not published any more."""
        if self._run is not None:
            self._run.journeys.scheduled(due, 0.0)

    def close(self) -> None:
        """Nothing more is counted."""
        if self._run is not None:
            self._run.close()

    def _start(self, **_: Any) -> None:
        if isinstance(self._environment.runner, MasterRunner):
            return
        try:
            self._run = Run(self._environment, self.options)
            self._run.start()
        except NatsError as error:
            log.error("%s", error)
            self.failures.append(str(error))

    def _report(self, client_id: str, data: dict[str, Any]) -> None:
        data[TALLY], data[FAILURE] = self.tally.figures(), self.failures

    def _take_report(self, client_id: str, data: dict[str, Any]) -> None:
        self._reported[client_id] = Tally.of(data[TALLY])
        self.failures += [failure for failure in data[FAILURE] if failure not in self.failures]
