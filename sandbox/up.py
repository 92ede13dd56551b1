"""`sandbox up`: everything around the connector, in the foreground, with a simulated operator to send to."""

import argparse
import shlex
import signal
import sys
from typing import Any

from sandbox.arguments import above_zero, host_and_port
from sandbox.binaries import BinaryMissing
from sandbox.demo.interruption import Interruption
from sandbox.operator_data import Credentials
from sandbox.process import ServerError
from sandbox.stack import Stack

OPERATOR_ID = "alpha"
SYSTEM_ID, PASSWORD = "sandbox", "sandbox"  # of a throwaway SMSC


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--smsc",
        type=host_and_port,
        default=("127.0.0.1", 2775),
        metavar="HOST:PORT",
        help="of the operator alpha (default: 127.0.0.1:2775)",
    )
    parser.add_argument("--tps", type=above_zero, default=100, help="its limit (default: %(default)s)")


def execute(options: argparse.Namespace) -> int:
    """Prints the settings as shell exports, then waits for Ctrl-C, SIGTERM or SIGHUP."""
    host, port = options.smsc
    operator = {"operator_id": OPERATOR_ID, "endpoints": [{"host": host, "port": port}], "tps": options.tps}
    try:
        with Interruption():
            _serve(operator)
    except KeyboardInterrupt:
        return 0
    except (ServerError, BinaryMissing, OSError) as error:
        print(f"smpp-connector: {error}", file=sys.stderr)
    return 1


def _serve(operator: dict[str, Any]) -> None:
    with Stack() as stack:
        credentials = Credentials(system_id=SYSTEM_ID, password=PASSWORD, version="1")
        stack.write_operators({OPERATOR_ID: operator}, {OPERATOR_ID: credentials})
        for name, value in stack.environment.items():
            print(f"export {name}={shlex.quote(value)}")
        print("# the sandbox runs until Ctrl-C; next: smpp-connector migrate && smpp-connector run", flush=True)
        while True:
            signal.pause()
