"""What the kernel says of a control group: memory, CPU time, and how often it was held back (versions 1 and 2)."""

from pathlib import Path
from typing import NamedTuple, Self

ROOT = Path("/sys/fs/cgroup")
NS_PER_S, US_PER_S = 1e9, 1e6


class Reading(NamedTuple):
    """working_set_bytes: what an eviction counts, memory in use without the file cache that can go. periods: of the CPU
    limit, those in which it was held back, and for how long. out_of_memory: processes killed for it."""

    working_set_bytes: int
    cpu_s: float
    periods: int
    throttled_periods: int
    throttled_s: float
    out_of_memory: int


class ControlGroup:
    """As a process names it in its /proc/PID/cgroup."""

    def __init__(self, named: str, root: Path = ROOT) -> None:
        lines = [line.split(":", 2) for line in named.splitlines()]
        self._paths = {controller: path.lstrip("/") for _, names, path in lines for controller in names.split(",")}
        self._is_v1 = "memory" in self._paths
        self._root = root

    @classmethod
    def of(cls, pid: int) -> Self:
        return cls(Path(f"/proc/{pid}/cgroup").read_text())

    def read(self) -> Reading:
        """Now."""
        return self._read_v1() if self._is_v1 else self._read_v2()

    def _read_v1(self) -> Reading:
        memory, cpu = self._root / "memory" / self._paths["memory"], self._root / "cpu" / self._paths["cpu"]
        cached = _table(memory / "memory.stat")["total_inactive_file"]
        stat = _table(cpu / "cpu.stat")
        return Reading(
            working_set_bytes=_number(memory / "memory.usage_in_bytes") - cached,
            cpu_s=_number(self._root / "cpuacct" / self._paths["cpuacct"] / "cpuacct.usage") / NS_PER_S,
            periods=stat["nr_periods"],
            throttled_periods=stat["nr_throttled"],
            throttled_s=stat["throttled_time"] / NS_PER_S,
            out_of_memory=_table(memory / "memory.oom_control").get("oom_kill", 0),
        )

    def _read_v2(self) -> Reading:
        folder = self._root / self._paths[""]
        stat = _table(folder / "cpu.stat")
        return Reading(
            working_set_bytes=_number(folder / "memory.current") - _table(folder / "memory.stat")["inactive_file"],
            cpu_s=stat["usage_usec"] / US_PER_S,
            periods=stat["nr_periods"],
            throttled_periods=stat["nr_throttled"],
            throttled_s=stat["throttled_usec"] / US_PER_S,
            out_of_memory=_table(folder / "memory.events")["oom_kill"],
        )


def _number(file: Path) -> int:
    return int(file.read_text())


def _table(file: Path) -> dict[str, int]:
    return {name: int(value) for name, value in (line.split() for line in file.read_text().splitlines())}
