"""`sandbox up`: everything around the connector, in the foreground, with a simulated operator to send to."""

import argparse
import shlex
import signal
import sys
import threading

from sandbox.operator_data import Credentials
from sandbox.process import ServerError
from sandbox.stack import Stack

OPERATOR_ID = "alpha"
SYSTEM_ID, PASSWORD = "sandbox", "sandbox"  # of a throwaway SMSC


def add_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--smsc", default="127.0.0.1:2775", help="host:port of the operator alpha (default: %(default)s)"
    )
    parser.add_argument("--tps", type=float, default=100, help="its limit (default: %(default)s)")


def execute(options: argparse.Namespace) -> int:
    """Prints the settings as shell exports, then waits for Ctrl-C or SIGTERM."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    host, _, port = options.smsc.rpartition(":")
    if not host or not port.isdigit():
        print("smpp-connector: --smsc wants host:port", file=sys.stderr)
        return 2
    operator = {"operator_id": OPERATOR_ID, "endpoints": [{"host": host, "port": int(port)}], "tps": options.tps}
    try:
        with Stack() as stack:
            credentials = Credentials(system_id=SYSTEM_ID, password=PASSWORD, version="1")
            stack.write_operators({OPERATOR_ID: operator}, {OPERATOR_ID: credentials})
            for name, value in stack.environment.items():
                print(f"export {name}={shlex.quote(value)}")
            print("# the sandbox runs until Ctrl-C; next: smpp-connector migrate && smpp-connector run", flush=True)
            stop.wait()
    except ServerError as error:
        print(f"smpp-connector: {error}", file=sys.stderr)
        return 1
    return 0
