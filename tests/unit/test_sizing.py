"""Figures of a control group, read as both versions of the kernel's interface write them."""

from pathlib import Path

import pytest

from loadtest.sizing.cgroup import ControlGroup, Reading

MIB = 1024 * 1024

V1 = {
    "memory/docker/c/memory.usage_in_bytes": f"{500 * MIB}\n",
    "memory/docker/c/memory.stat": f"cache 1\ntotal_inactive_file {100 * MIB}\n",
    "memory/docker/c/memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 2\n",
    "cpu/docker/c/cpu.stat": "nr_periods 600\nnr_throttled 3\nthrottled_time 250000000\n",
    "cpuacct/docker/c/cpuacct.usage": "12500000000\n",
}
V2 = {
    "docker/c/memory.current": f"{500 * MIB}\n",
    "docker/c/memory.stat": f"anon 1\ninactive_file {100 * MIB}\n",
    "docker/c/memory.events": "low 0\noom 2\noom_kill 2\n",
    "docker/c/cpu.stat": "usage_usec 12500000\nnr_periods 600\nnr_throttled 3\nthrottled_usec 250000\n",
}
NAMED_V1 = "9:memory:/docker/c\n4:cpu,cpuacct:/docker/c\n"
NAMED_V2 = "0::/docker/c\n"


@pytest.mark.parametrize(("named", "files"), [(NAMED_V1, V1), (NAMED_V2, V2)], ids=["v1", "v2"])
def test_a_reading_has_memory_without_idle_cache_cpu_time_and_how_often_it_was_held_back(
    tmp_path: Path, named: str, files: dict[str, str]
):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)

    assert ControlGroup(named, tmp_path).read() == Reading(
        working_set_bytes=400 * MIB,
        cpu_s=12.5,
        periods=600,
        throttled_periods=3,
        throttled_s=0.25,
        out_of_memory=2,
    )
