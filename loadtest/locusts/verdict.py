"""What was found against the limits that a release must hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from loadtest.locusts.journeys import Tally

PUBLISH, SUBMIT, RECEIPT = STEPS = ("publish", "submit", "receipt")

NAMES = {
    "published": "messages published",
    "kept": "share of the TPS kept",
    "publish_p99_ms": "publish to JetStream's answer, p99, ms",
    "submit_p99_ms": "publish to submit_sm, p99, ms",
    "receipt_p99_ms": "submit_sm to final event, p99, ms",
    "refused": "publishes not confirmed",
    "lost": "messages lost",
    "doubled": "final events beyond the first",
    "undelivered": "messages not delivered",
    "smsc_peak_1s": "most submit_sm in a second, at the SMSC",
    "smsc_missing": "messages that the SMSC never saw",
    "smsc_doubled": "submit_sm that the SMSC had seen before",
}
"""What each finding is called, for people."""


class Step(NamedTuple):
    """One step of all messages together."""

    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, slots=True)
class SmscView:
    """peak_1s: most submit_sm in any second, of the operator with the most. doubled: submit_sm seen before."""

    peak_1s: int
    distinct: int
    doubled: int


@dataclass(frozen=True, slots=True)
class Limits:
    """What must hold. kept: share of the messages due whose submit_sm went out while the load of load_s lasted."""

    load_s: float
    publish_p99_ms: float
    submit_p99_ms: float
    receipt_p99_ms: float
    kept: float
    undelivered: int
    operator_tps: int | None = None


class Finding(NamedTuple):
    """One line of the verdict. value: None where it could not be measured. limit: None where there is none."""

    key: str
    value: float | None
    limit: float | None
    holds: bool


def judge(limits: Limits, tally: Tally, steps: Mapping[str, Step], smsc: SmscView | None) -> list[Finding]:
    """Every finding, whether it holds or not. steps: publish, submit and receipt, those that there were."""
    publish, submit, receipt = (steps[name].p99_ms if name in steps else None for name in STEPS)
    return [
        _at_least("published", tally.published, 1),
        _at_least("kept", tally.kept(limits.load_s), limits.kept),
        _at_most("publish_p99_ms", publish, limits.publish_p99_ms),
        _at_most("submit_p99_ms", submit, limits.submit_p99_ms),
        _at_most("receipt_p99_ms", receipt, limits.receipt_p99_ms),
        _at_most("refused", tally.refused, 0),
        _at_most("lost", tally.pending, 0),
        _at_most("doubled", tally.doubled, 0),
        _at_most("undelivered", tally.undelivered, limits.undelivered),
        _at_most("smsc_peak_1s", smsc.peak_1s if smsc else None, limits.operator_tps),
        _at_most("smsc_missing", max(0, tally.stored - smsc.distinct) if smsc else None, 0),
        _at_most("smsc_doubled", smsc.doubled if smsc else None, 0),
    ]


def complaints(findings: Sequence[Finding]) -> list[str]:
    """A line for each that does not hold."""
    return [f"{NAMES[one.key]}: {one.value:.6g}, limit {one.limit:.6g}" for one in findings if not one.holds]


def table(findings: Sequence[Finding]) -> list[str]:
    """A line for each."""
    return [_line(finding) for finding in findings]


def _at_most(key: str, value: float | None, limit: float | None) -> Finding:
    """What was not measured does not fail; its line says that it was not."""
    return Finding(key, value, limit, value is None or limit is None or value <= limit)


def _at_least(key: str, value: float, limit: float) -> Finding:
    return Finding(key, value, limit, value >= limit)


def _line(finding: Finding) -> str:
    if finding.value is None:
        return f"  {NAMES[finding.key]:<45} {'not measured':>15}"
    limit = "" if finding.limit is None else f"limit {finding.limit:,.6g}"
    return f"  {NAMES[finding.key]:<45} {finding.value:>15,.6g}   {limit:<16} {'ok' if finding.holds else 'FAILED'}"
