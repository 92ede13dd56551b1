"""`sandbox smsc`: the simulator as a process of its own."""

import argparse
import asyncio
import json
import signal
import ssl
import sys
from pathlib import Path

import uvloop

from sandbox.arguments import port_or_any
from sandbox.smsc.control import Control
from sandbox.smsc.flags import add_flags, character_of
from sandbox.smsc.server import SimulatedSmsc
from sandbox.smsc.tls import TlsFiles
from sandbox.smsc.traits import BadTraits

_FAILED, _BAD_SETTINGS = 1, 2


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("--host", default="127.0.0.1", help="address for ESMEs (default: %(default)s)")
    parser.add_argument("--port", type=port_or_any, default=2775, help="port for ESMEs; 0: any (default: %(default)s)")
    parser.add_argument("--control-port", type=port_or_any, default=0, help="port of the control, on loopback; 0: any")
    parser.add_argument("--tls-cert", type=Path, help="PEM certificate: speak TLS")
    parser.add_argument("--tls-key", type=Path, help="its PEM key")
    parser.add_argument("--tls-client-ca", type=Path, help="let in only certificates of this PEM authority")
    parser.add_argument("--record", type=Path, help="add a JSON line for each submit_sm to this file, texts included")
    parser.add_argument("--report", action="store_true", help="print the report as JSON at the end")
    add_flags(parser)


def execute(args: argparse.Namespace) -> int:
    """Simulate until SIGTERM or SIGINT; the exit code."""
    try:
        smsc = SimulatedSmsc(character_of(args), args.host, args.port, tls=_tls_files(args), record=args.record)
    except (BadTraits, OSError, ssl.SSLError) as error:
        return _complain(error, _BAD_SETTINGS)
    try:
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            runner.run(_simulate(smsc, Control(smsc, port=args.control_port)))
    except OSError as error:
        return _complain(error, _FAILED)
    if args.report:
        print(json.dumps(smsc.ledger.report()), flush=True)
    return 0


def _tls_files(args: argparse.Namespace) -> TlsFiles | None:
    if args.tls_cert is None and args.tls_key is None and args.tls_client_ca is None:
        return None
    if args.tls_cert is None or args.tls_key is None:
        raise BadTraits("--tls-cert and --tls-key: both are needed")
    return TlsFiles(args.tls_cert, args.tls_key, args.tls_client_ca)


async def _simulate(smsc: SimulatedSmsc, control: Control) -> None:
    told_to_stop = asyncio.Event()
    for signal_number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(signal_number, told_to_stop.set)
    await smsc.start()
    await control.start()
    ready = {"smsc": f"{smsc.host}:{smsc.port}", "control": control.url}
    print(json.dumps(ready), flush=True)
    await told_to_stop.wait()
    await control.stop()
    await smsc.stop()


def _complain(error: Exception, exit_code: int) -> int:
    print(f"sandbox smsc: {'; '.join(str(error).splitlines())}", file=sys.stderr)
    return exit_code
