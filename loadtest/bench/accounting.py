"""CPU time and memory of groups of processes, read from /proc (Linux)."""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from sandbox.process_tree import Process

TICKS_PER_S = os.sysconf("SC_CLK_TCK")
KIB = 1024


class CpuTime(NamedTuple):
    """What a process has used since it started, in seconds.

    ended_s: of its children that have ended and that it has waited for, and of theirs.
    """

    own_s: float
    ended_s: float


CpuTimes = Mapping[Process, CpuTime]


@dataclass(frozen=True, slots=True)
class CpuSpent:
    """CPU seconds of a group of processes between two readings.

    by_pid: of each process at the second reading, counted from its start where it was not there at the first.
    ended_s: of those that ended in between and whose parent is in the group. gone: pids of the first reading only.
    """

    by_pid: dict[int, float]
    ended_s: float
    gone: list[int]

    @property
    def total_s(self) -> float:
        return sum(self.by_pid.values()) + self.ended_s


def cpu_times(pids: Iterable[int]) -> dict[Process, CpuTime]:
    """A reading of those that still exist."""
    return dict(parse_stat(stat) for stat in map(_read_stat, pids) if stat)


def cpu_spent(before: CpuTimes, after: CpuTimes) -> CpuSpent:
    """The difference of two readings of the same group."""
    nothing = CpuTime(0.0, 0.0)
    by_pid = {process.pid: time.own_s - before.get(process, nothing).own_s for process, time in after.items()}
    gone = [process for process in before if process not in after]
    # A child that ended moves with its whole life into ended_s of its parent: what it had used before is too much.
    ended_s = sum(time.ended_s for time in after.values()) - sum(time.ended_s for time in before.values())
    ended_s -= sum(before[process].own_s for process in gone)
    return CpuSpent(by_pid, max(0.0, ended_s), [process.pid for process in gone])


def parse_stat(stat: str) -> tuple[Process, CpuTime]:
    """One /proc/<pid>/stat: fields 14 to 17 and 22 of proc_pid_stat(5), which count from the "(name)"."""
    pid = int(stat.partition(" ")[0])
    fields = stat.rpartition(")")[2].split()
    utime, stime, cutime, cstime = (int(ticks) / TICKS_PER_S for ticks in fields[11:15])
    return Process(pid, fields[19]), CpuTime(utime + stime, cutime + cstime)


def parse_busy(stat: str) -> float:
    """CPU seconds that all cores were not idle since boot: the first line of /proc/stat (proc_stat(5)).

    The fields are user, nice, system, idle, iowait, irq, softirq, steal; the rest is part of user and nice.
    """
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, stat.split("\n", 1)[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS_PER_S


def busy_s() -> float:
    """As parse_busy, of now."""
    return parse_busy(_read(Path("/proc/stat")))


def pss_bytes(pids: Iterable[int]) -> int:
    """Memory of them all together, a page that several share counted once (proportional set size)."""
    return sum(parse_pss(rollup) for rollup in _rollups(pids))


def written_bytes(pids: Iterable[int]) -> int:
    """As pss_bytes, without the pages of files: their share changes when another program with our libraries starts."""
    return sum(parse_pss(rollup, "Pss_Anon") for rollup in _rollups(pids))


def parse_pss(rollup: str, kind: str = "Pss") -> int:
    """Bytes in one /proc/<pid>/smaps_rollup; 0 of a zombie, which has none."""
    for line in rollup.splitlines():
        if line.startswith(f"{kind}:"):
            return int(line.split()[1]) * KIB
    return 0


def _rollups(pids: Iterable[int]) -> Iterator[str]:
    return (_read(Path(f"/proc/{pid}/smaps_rollup")) for pid in pids)


def pids_with_variable(name: str, value: str) -> list[int]:
    """Processes started with `name`=`value` in their environment, and everything forked from them.

    This finds daemons that have left the tree of their parent, too. Those of other users stay unseen.
    """
    wanted = f"{name}={value}".encode()
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if wanted in (folder / "environ").read_bytes().split(b"\0"):
                found.append(int(folder.name))
    return found


def _read_stat(pid: int) -> str:
    return _read(Path(f"/proc/{pid}/stat"))


def _read(file: Path) -> str:
    """Empty when the process has gone meanwhile."""
    try:
        return file.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
