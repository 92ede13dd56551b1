"""The options of a load, beside Locust's own: what is sent, and what must hold."""

import argparse

from loadtest.locusts.shapes import SHAPES, ShapeName
from loadtest.locusts.verdict import Limits

OPERATORS = "alpha,beta"
SETTLE_S = 60
REPORTS = "build/load"


def add_options(parser: argparse.ArgumentParser) -> None:
    """To Locust's parser, or to the one of `make load`."""
    load = parser.add_argument_group("Load")
    shapes = "; ".join(f"{name.value}: {shape.summary}" for name, shape in SHAPES.items())
    load.add_argument("--shape", choices=[name.value for name in ShapeName], default="steady", help=shapes)
    load.add_argument("--rate", type=_positive, default=200, help="messages a second (default: %(default)s)")
    load.add_argument("--seconds", type=_positive, help="of load (default: 60, of a soak 1800)")
    load.add_argument("--settle-s", type=_positive, default=SETTLE_S, help="for the last events (default: %(default)s)")
    load.add_argument("--operators", default=OPERATORS, help="ids, comma separated (default: %(default)s)")
    load.add_argument("--nkey-seed-file", help="the NKey seed of a user who may do what README.md says")
    load.add_argument("--nats-ca-file", help="PEM; else the system's certificates")
    load.add_argument("--smsc-report", help="URL of the simulator's report; without it the SMSC's view is not measured")
    load.add_argument("--reports", default=REPORTS, help="folder of CSV, JSON and HTML (default: %(default)s)")
    limits = parser.add_argument_group("Limits, for the exit code")
    limits.add_argument("--operator-tps", type=_positive, help="that no second at the SMSC may exceed")
    limits.add_argument("--max-publish-p99-ms", type=float, default=1000, help="to JetStream (default: %(default)s)")
    limits.add_argument("--max-submit-p99-ms", type=float, help="from there (default: 1000, of a burst 10000)")
    limits.add_argument("--max-receipt-p99-ms", type=float, default=10_000, help="from there (default: %(default)s)")
    limits.add_argument("--min-kept", type=float, default=0.99, help="share of the messages due (default: %(default)s)")
    limits.add_argument("--max-undelivered", type=int, default=0, help="messages (default: %(default)s)")


def operators_of(options: argparse.Namespace) -> list[str]:
    return [name.strip() for name in options.operators.split(",") if name.strip()]


def shape_of(options: argparse.Namespace) -> ShapeName:
    return ShapeName(options.shape)


def seconds_of(options: argparse.Namespace) -> int:
    """Of load."""
    return int(options.seconds or SHAPES[shape_of(options)].seconds)


def limits_of(options: argparse.Namespace) -> Limits:
    return Limits(
        load_s=seconds_of(options),
        publish_p99_ms=options.max_publish_p99_ms,
        submit_p99_ms=options.max_submit_p99_ms or SHAPES[shape_of(options)].submit_p99_ms,
        receipt_p99_ms=options.max_receipt_p99_ms,
        kept=options.min_kept,
        undelivered=options.max_undelivered,
        operator_tps=options.operator_tps,
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"must be a whole number from 1 on, not {text}")
    return int(text)
