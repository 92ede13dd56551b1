"""How the load tests judge what they have sampled."""

import pytest

from loadtest.bench.rig import NeverHappened
from loadtest.bench.samples import UNNAMED, Sample, memory_of, queues_of
from loadtest.pressure.bounds import bounds, exceeded, highest_of
from loadtest.soak.flatness import MIB, Trend, growth, trends
from loadtest.sweep.measurement import Swept


def sample(pss_mib: float = 100, threads: int = 30, queues: dict[str, dict[str, float]] | None = None) -> Sample:
    return Sample(0.0, {"main": round(pss_mib * MIB)}, 12, 600, threads, 30, 0, queues or {})


def trend(name: str, *samples: Sample) -> Trend:
    return next(found for found in trends(samples) if found.name == name)


def test_what_ends_as_it_began_is_flat_whatever_happened_between() -> None:
    assert trend("threads", *[sample(threads=threads) for threads in (30, 90, 30)]) == Trend("threads", 30, 30, True)


def test_memory_may_rise_by_a_twentieth_and_four_mib() -> None:
    assert trend("written_bytes", sample(100), sample(100), sample(109)).is_flat
    assert not trend("written_bytes", sample(100), sample(100), sample(110)).is_flat


def test_a_rise_is_told_of_each_process_the_largest_first():
    def holding(**memory: int) -> Sample:
        return sample()._replace(memory=memory)

    swings = [holding(a=10, b=10), holding(a=99, b=99), holding(a=11, b=30, c=5)]
    assert list(growth(swings).items()) == [("b", 20), ("c", 5), ("a", 1)]


def test_the_memory_of_processes_without_a_name_is_told_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("loadtest.bench.samples.written_bytes", sum)
    assert memory_of([1, 20, 300], {20: "operator@a"}) == {"operator@a": 20, UNNAMED: 301}


def test_one_sample_that_swings_is_no_rise() -> None:
    thirds = [sample(100)] * 3 + [sample(100)] * 3 + [sample(100), sample(300), sample(100)]
    assert trend("written_bytes", *thirds).is_flat


def test_two_samples_are_too_few() -> None:
    with pytest.raises(NeverHappened, match="too few samples"):
        trends([sample(), sample()])


def test_the_figures_of_a_dump_are_found_at_every_depth() -> None:
    child = {"name": "operator@a", "state": "running", "queue": 3, "children": []}
    tree = {"name": "connector", "pid": 7, "ready": True, "children": [child]}
    assert queues_of(tree) == {"connector": {"pid": 7}, "operator@a": {"queue": 3}}


def test_the_fullest_queue_of_a_kind_counts() -> None:
    samples = [sample(queues={"operator@a": {"queue": 3, "pid": 9}}), sample(queues={"operator@b": {"queue": 2}})]
    assert highest_of(samples, ["operator: queue"]) == {"operator: queue": 3}


def test_a_queue_above_its_bound_is_named_and_one_that_was_never_seen_too() -> None:
    assert exceeded({"full": 11, "empty": 0}, {"full": 10, "empty": 10, "absent": 10}) == [
        "full: 11, at most 10",
        "absent: never seen, at most 10",
    ]


def test_an_operator_holds_half_a_second_of_its_tps_and_its_sessions_share_two() -> None:
    bounded = bounds(tps=100, sessions=2)
    assert (bounded["operator: queue"], bounded["session: window_in_use"]) == (66, 100)


@pytest.mark.parametrize(("during_ms", "problems", "holds"), [(20, [], True), (21, [], False), (10, ["lost"], False)])
def test_a_sweep_holds_when_nothing_is_wrong_and_writes_take_twice_as_long_at_most(
    during_ms: float, problems: list[str], holds: bool
) -> None:
    assert Swept(10, 5, 1.0, [10.0], [during_ms], problems).holds is holds
