"""A Deployment whose pods are processes: started, probed, replaced and stopped as the chart tells a cluster to.

Source: Kubernetes, Deployments (rolling update), Pod Lifecycle (probes, termination).
"""

import math
import os
import signal
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from connector_process import ConnectorProcess
from helm_chart import Resource, only

from sandbox.container import Container
from sandbox.process import LOOPBACK

TICK_S = 0.05
KILL_S = 20.0
STOPPED_S = 5.0  # for the thread of a probe, beyond its own time


@dataclass(frozen=True)
class Probe:
    """Of a container, in seconds."""

    path: str
    period_s: float
    timeout_s: float
    failures: int

    @classmethod
    def of(cls, described: Resource) -> Self:
        timing = described["periodSeconds"], described["timeoutSeconds"], described["failureThreshold"]
        return cls(described["httpGet"]["path"], *timing)

    def succeeds(self, port: int) -> bool:
        """One try."""
        try:
            with urllib.request.urlopen(f"http://{LOOPBACK}:{port}{self.path}", timeout=self.timeout_s):
                return True
        except (urllib.error.URLError, OSError):
            return False


@dataclass(frozen=True)
class Rules:
    """What the chart says about the connector's pods."""

    replicas: int
    max_surge: int
    max_unavailable: int
    min_ready_s: float
    pre_stop_s: float
    grace_s: float
    condemned_grace_s: float  # in place of grace_s after a failed liveness probe
    startup: Probe
    liveness: Probe
    readiness: Probe
    settings: dict[str, str]

    @classmethod
    def of(cls, resources: list[Resource]) -> Self:
        deployment = only(resources, "Deployment")["spec"]
        update, pod = deployment["strategy"]["rollingUpdate"], deployment["template"]["spec"]
        (container,) = pod["containers"]
        _sleep, pre_stop_s = container["lifecycle"]["preStop"]["exec"]["command"]
        return cls(
            replicas=deployment["replicas"],
            max_surge=update["maxSurge"],
            max_unavailable=update["maxUnavailable"],
            min_ready_s=deployment["minReadySeconds"],
            pre_stop_s=float(pre_stop_s),
            grace_s=pod["terminationGracePeriodSeconds"],
            condemned_grace_s=container["livenessProbe"]["terminationGracePeriodSeconds"],
            startup=Probe.of(container["startupProbe"]),
            liveness=Probe.of(container["livenessProbe"]),
            readiness=Probe.of(container["readinessProbe"]),
            settings={"DRAIN_TIMEOUT_S": only(resources, "ConfigMap")["data"]["DRAIN_TIMEOUT_S"]},
        )


class ProbedProcess(ConnectorProcess):
    """Its HTTP port is known before it starts."""

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__(settings)
        self.settings["HTTP_PORT"] = str(self.port)


class ProbedContainer(ProbedProcess):
    """The same from the image that IMAGE names."""

    death_signal = signal.SIGTERM  # the client passes it on to the container

    def __init__(self, settings: Mapping[str, str]) -> None:
        super().__init__(settings)
        inside = {name: value for name, value in self.settings.items() if name != "RUNTIME_DIR"}
        self._container = Container(os.environ["IMAGE"], self.directory.name, inside, self.directory / "files")

    def command(self) -> Sequence[str | Path]:
        return self._container.run("run", named=True)

    def environment(self) -> Mapping[str, str]:
        return self._container.environment()

    def kill(self) -> None:
        """The client's death would leave the container alone."""
        subprocess.run(self._container.kill(), check=False, capture_output=True, timeout=KILL_S)


class Pod:
    """One process under a kubelet. was_condemned: it failed its startup or liveness probe; was_killed: its grace period
    was over. Neither ends it here early: a test looks."""

    def __init__(self, process: ConnectorProcess, rules: Rules) -> None:
        self.process = process
        self.was_condemned = self.was_killed = False
        self._ready_since = math.inf
        self._rules = rules
        self._terminated_at: float | None = None
        self._is_signalled = False
        self._over = threading.Event()
        self._kubelet = threading.Thread(target=self._look_after, daemon=True)
        self._child = process.child
        self._kubelet.start()

    @property
    def is_ready(self) -> bool:
        return self._ready_since < math.inf

    @property
    def is_available(self) -> bool:
        """Ready for as long as the Deployment wants."""
        return time.monotonic() >= self._ready_since + self._rules.min_ready_s

    @property
    def is_terminating(self) -> bool:
        return self._terminated_at is not None

    @property
    def is_gone(self) -> bool:
        return not self._child.running

    @property
    def state(self) -> str:
        """For people."""
        if self.is_gone or self.is_terminating:
            return "gone" if self.is_gone else "terminating"
        return "ready" if self.is_ready else "there"

    @property
    def exit_code(self) -> int | None:
        return self._child.wait(0)

    def terminate(self) -> None:
        """The preStop hook begins; `tick` does the rest."""
        self._terminated_at = time.monotonic()
        self._ready_since = math.inf
        self._over.set()

    def tick(self, now: float) -> None:
        """SIGTERM after the hook, SIGKILL after the grace period, which the hook is part of."""
        if self._terminated_at is None or self.is_gone:
            return
        if now >= self._terminated_at + self._rules.pre_stop_s and not self._is_signalled:
            self._is_signalled = True
            self.process.request_stop()
        if now >= self._terminated_at + self._rules.grace_s:
            self.was_killed = True
            self.process.kill()

    def forget(self) -> None:
        """No more probes."""
        self._over.set()
        self._kubelet.join(self._rules.liveness.timeout_s + STOPPED_S)

    def _look_after(self) -> None:
        startup = self._rules.startup
        if not self._repeat(startup, until=lambda failures, succeeded: succeeded or failures >= startup.failures):
            return
        others = (self._live, self._be_ready)
        probes = [threading.Thread(target=work, daemon=True) for work in others]
        for probe in probes:
            probe.start()
        for probe in probes:
            probe.join()

    def _live(self) -> None:
        liveness = self._rules.liveness
        self._repeat(liveness, until=lambda failures, _succeeded: failures >= liveness.failures)

    def _be_ready(self) -> None:
        def judge(failures: int, succeeded: bool) -> bool:
            if self.is_terminating or failures >= self._rules.readiness.failures:
                self._ready_since = math.inf
            elif succeeded and not self.is_ready:
                self._ready_since = time.monotonic()
            return False

        self._repeat(self._rules.readiness, until=judge)

    def _repeat(self, probe: Probe, until: Callable[[int, bool], bool]) -> bool:
        """Whether the last try succeeded; a probe that ends with failures condemns the pod."""
        failures = 0
        while not self._over.is_set():
            succeeded = probe.succeeds(self.process.port)
            failures = 0 if succeeded else failures + 1
            if until(failures, succeeded):
                if not succeeded and not self._over.is_set():
                    self.was_condemned = True
                return succeeded
            self._over.wait(probe.period_s)
        return False


class Deployment:
    """Keeps as many pods as the chart wants, and replaces them by those of a new version."""

    def __init__(self, rules: Rules, launch: Callable[..., ConnectorProcess]) -> None:
        """launch: starts a process with a name and settings, without waiting for it."""
        self.pods: dict[str, Pod] = {}
        self._rules = rules
        self._launch = launch

    def roll_out(self, version: str, within_s: float) -> None:
        """Returns when only pods of this version are there, all of them available."""
        deadline = time.monotonic() + within_s
        while not self._is_rolled_out(version):
            assert time.monotonic() < deadline, f"{version} not rolled out within {within_s:g} s: {self._state()}"
            self._tick(version)
            time.sleep(TICK_S)

    def forget(self) -> None:
        """No more probes; the processes go on."""
        for pod in self.pods.values():
            pod.forget()

    def _tick(self, version: str) -> None:
        for pod in self.pods.values():
            pod.tick(time.monotonic())
        staying = {name: pod for name, pod in self.pods.items() if not pod.is_terminating}
        new = [pod for name, pod in staying.items() if name.startswith(version)]
        old = [pod for pod in staying.values() if pod not in new]
        if len(new) < self._rules.replicas and len(staying) < self._rules.replicas + self._rules.max_surge:
            self._start(f"{version}-{len(new)}")
        available = sum(pod.is_available for pod in staying.values())
        if old and available > self._rules.replicas - self._rules.max_unavailable:
            old[0].terminate()

    def _start(self, name: str) -> None:
        self.pods[name] = Pod(self._launch(name, **self._rules.settings), self._rules)

    def _is_rolled_out(self, version: str) -> bool:
        new = [pod for name, pod in self.pods.items() if name.startswith(version)]
        others_gone = all(pod.is_gone for pod in self.pods.values() if pod not in new)
        return len(new) == self._rules.replicas and all(pod.is_available for pod in new) and others_gone

    def _state(self) -> dict[str, str]:
        return {name: pod.state for name, pod in self.pods.items()}
