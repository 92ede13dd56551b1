"""The figures as a short table for people and as one JSON object for programs."""

import json
from collections.abc import Mapping

from loadtest.bench.accounting import CpuSpent
from loadtest.bench.figures import CONNECTOR, LOAD_GENERATOR, SERVERS, SIMULATOR, Idle, Saturation, Steady, Usage

MIB = 1024 * 1024
ENDED = "ended meanwhile"

_NAME_WIDTH = 50


def saturation_table(found: Saturation, profile: bool) -> list[str]:
    """Lines; with `profile` one more for each process of the connector."""
    per_1000 = 1000 / found.messages
    return [
        f"Saturation: {found.messages:,} messages in {found.took_s:.1f} s",
        _line("messages/s, first submit_sm to last final event", f"{found.messages_per_s:,.0f}"),
        "  CPU seconds per 1,000 messages",
        *_cpu_lines(found.usage, found.names if profile else {}, per_1000),
        _line("memory of the connector (PSS), MiB", f"{found.pss_bytes / MIB:.0f}"),
    ]


def steady_table(found: Steady, profile: bool) -> list[str]:
    """Lines; with `profile` one more for each process of the connector."""
    return [
        f"Steady: {len(found.latencies_ms) / found.usage.elapsed_s:.0f} messages/s for {found.usage.elapsed_s:.0f} s",
        _line("publish to submit_sm, p50, ms", f"{found.p50_ms:.1f}"),
        _line("publish to submit_sm, p99, ms", f"{found.p99_ms:.1f}"),
        "  CPU, share of a core",
        *_cpu_lines(found.usage, found.names if profile else {}, 1 / found.usage.elapsed_s),
        _line("memory of the connector (PSS), MiB", f"{found.pss_bytes / MIB:.0f}"),
        _line("load generator behind its schedule at most, ms", f"{found.late_ms:.1f}"),
    ]


def idle_table(found: Idle, profile: bool) -> list[str]:
    """Lines; with `profile` one more for each process of the connector."""
    return [
        f"Idle: {found.operators} operators bound, for {found.usage.elapsed_s:.0f} s",
        "  CPU, share of a core",
        *_cpu_lines(found.usage, found.names if profile else {}, 1 / found.usage.elapsed_s),
        _line("processes of the connector", str(len(found.names))),
        _line("memory of the connector (PSS), MiB", f"{found.pss_bytes / MIB:.0f}"),
    ]


def as_json(saturation: Saturation | None, steady: Steady | None, idle: Idle | None) -> str:
    """One line; a measurement that was not made is not in it."""
    found: dict[str, dict[str, float]] = {}
    if saturation is not None:
        found["saturation"] = {
            "messages_per_s": round(saturation.messages_per_s, 1),
            "own_cpu_s_per_1000": round(saturation.own_cpu_s_per_1000, 4),
            "server_cpu_s_per_1000": round(saturation.server_cpu_s_per_1000, 4),
            "pss_mib": round(saturation.pss_bytes / MIB, 1),
        }
    if steady is not None:
        found["steady_100_tps"] = {
            "own_cores": round(steady.own_cores, 4),
            "p50_ms": round(steady.p50_ms, 2),
            "p99_ms": round(steady.p99_ms, 2),
        }
    if idle is not None:
        found["idle"] = {
            "operators": idle.operators,
            "own_cores": round(idle.own_cores, 4),
            "pss_mib": round(idle.pss_bytes / MIB, 1),
        }
    return json.dumps(found)


def _cpu_lines(usage: Usage, names: Mapping[int, str], factor: float) -> list[str]:
    """CPU seconds times `factor`, the connector first, its processes below it where `names` tells them apart."""
    rows = [
        (f"  {CONNECTOR}", usage.total_s(CONNECTOR)),
        *_processes(usage.spent[CONNECTOR], names),
        ("  servers", usage.total_s(*SERVERS)),
        *((f"    {name}", usage.total_s(name)) for name in SERVERS),
        *((f"  {name}", usage.total_s(name)) for name in (SIMULATOR, LOAD_GENERATOR)),
    ]
    rest = _line("cores busy with everything else on this machine", f"{usage.rest_s / usage.elapsed_s:.2f}")
    return [*(_line(name, f"{seconds * factor:.4f}") for name, seconds in rows), rest]


def _processes(connector: CpuSpent, names: Mapping[int, str]) -> list[tuple[str, float]]:
    """Name and seconds of each, the busiest first; nothing without names."""
    if not names:
        return []
    busiest = sorted(connector.by_pid.items(), key=lambda entry: entry[1], reverse=True)
    rows = [(f"    {names.get(pid, ENDED)} ({pid})", seconds) for pid, seconds in busiest]
    return [*rows, (f"    {ENDED}", connector.ended_s)]


def _line(name: str, value: str) -> str:
    return f"  {name:<{_NAME_WIDTH}} {value:>12}"
