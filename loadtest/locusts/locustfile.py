"""For `locust -f`: users that publish on a schedule, whatever becomes of what they published before (an open workload).

`make load` starts Locust with it; loadtest/README.md says how to run it against a cluster, and with workers.
"""

import argparse
import random
import time
from typing import Any, ClassVar

import gevent
from locust import LoadTestShape, User, events, task
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtest.locusts.load import Load
from loadtest.locusts.options import add_options, seconds_of, shape_of
from loadtest.locusts.outcome import Outcome
from loadtest.locusts.shapes import rate_at

USERS = 20  # that share the rate; where it is below 20 messages a second, one for each
AT_ONCE = 100  # users started or stopped in a second: all of a burst, and no more than Locust warns of


class DispatchUser(User):
    """Publishes its share of the rate, evenly from a moment of chance on."""

    load: ClassVar[Load]

    def on_start(self) -> None:
        options = self.load.options
        self._every_s = _users(options) / options.rate
        self._due = time.monotonic() + random.random() * self._every_s

    @task
    def publish_on_schedule(self) -> None:
        """Until it is stopped."""
        while True:
            gevent.sleep(max(0.0, self._due - time.monotonic()))
            self.load.publish(time.monotonic() - self._due)
            self._due += self._every_s

    def on_stop(self) -> None:
        """What it should have published by now, it has not."""
        self.load.missed(max(0, int((time.monotonic() - self._due) / self._every_s)))


class RateShape(LoadTestShape):
    """Users for the rate at each moment, then none until everything published has come to its end."""

    load: ClassVar[Load]

    def tick(self) -> tuple[int, float] | None:
        options, run_time_s = self.load.options, self.get_run_time()
        seconds = seconds_of(options)
        rate = rate_at(shape_of(options), options.rate, run_time_s, seconds)
        if self.load.failures or (rate is None and self.load.is_settled(run_time_s - seconds)):
            return None
        users = round(_users(options) * (rate or 0.0) / options.rate)
        return users, AT_ONCE


@events.init_command_line_parser.add_listener
def add_our_options(parser: argparse.ArgumentParser) -> None:
    add_options(parser)


@events.init.add_listener
def begin(environment: Environment, **_: Any) -> None:
    DispatchUser.load = RateShape.load = Load(environment)
    if not isinstance(environment.runner, WorkerRunner):
        Outcome(environment, DispatchUser.load)


def _users(options: argparse.Namespace) -> int:
    return min(USERS, int(options.rate))
