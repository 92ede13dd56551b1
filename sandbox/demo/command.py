"""`sandbox demo`: everything from the embedded servers to the dump, in one go."""

import argparse

from sandbox.arguments import above_zero
from sandbox.demo.interruption import Interruption

MESSAGES = 1000
MAX_MESSAGES = 1_000_000
RATE = 150
PLAIN_WIDTH = 160  # columns where there is no terminal to ask

_OK, _FAILED, _INTERRUPTED = 0, 1, 130


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The flags of the command."""
    parser.add_argument("--messages", type=_count, default=MESSAGES, help="how many (default: %(default)s)")
    parser.add_argument(
        "--rate", type=above_zero, default=RATE, help="published a second; far more than %(default)s shows queueing"
    )
    parser.add_argument("--image", help="run the connector from this container image, with docker")


def execute(args: argparse.Namespace) -> int:
    """Run it; 0 when every message got exactly one final event, 1 when not, 130 after Ctrl-C."""
    with Interruption() as interruption:
        try:
            return _demonstrate(args, interruption)
        except KeyboardInterrupt:
            print("interrupted: everything is stopped and removed", flush=True)
            return _INTERRUPTED


def _demonstrate(args: argparse.Namespace, interruption: Interruption) -> int:
    """Imports here, because they take a third of a second, in which Ctrl-C shall work like at any other time."""
    from rich.console import Console

    from sandbox.binaries import BinaryMissing
    from sandbox.child import ServerError
    from sandbox.demo.cast import CAST
    from sandbox.demo.demonstration import Demonstration
    from sandbox.demo.dispatches import compose

    console = Console()
    if not console.is_terminal:
        console = Console(width=PLAIN_WIDTH)
    messages = compose(args.messages, [role.operator_id for role in CAST])
    try:
        demonstration = Demonstration(console, interruption, messages, args.rate, args.image)
        return _OK if demonstration.run() else _FAILED
    except (ServerError, BinaryMissing, OSError) as error:
        console.print(f"failed: {error}", markup=False, highlight=False, soft_wrap=True)
        return _FAILED


def _count(text: str) -> int:
    count = int(text) if text.isdecimal() else 0
    if not 1 <= count <= MAX_MESSAGES:
        raise argparse.ArgumentTypeError(f"expected 1..{MAX_MESSAGES}")
    return count
