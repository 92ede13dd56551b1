"""`python -m loadtest.peers`: the connector and Kannel in turns at the same SMSC; exits 1 when a figure does not count.

Left out, with a line and exit code 0, where Kannel cannot be had.
"""

import argparse
import sys
from collections.abc import Callable, Sequence
from functools import partial

from loadtest.exit_code import FAILED, exit_code_of
from loadtest.peers.comparison import CONNECTOR, as_json, median_of, table
from loadtest.peers.kannel import Storage
from loadtest.peers.program import KANNEL, ProgramMissing
from loadtest.peers.turns import Turn, turn_of_kannel, turn_of_the_connector
from sandbox.demo.interruption import Interruption


def main(arguments: Sequence[str] | None = None) -> int:
    """The exit code."""
    options = _parse(arguments)
    try:
        KANNEL.installed()
    except ProgramMissing as missing:
        print(f"bench-peers: skipped: {missing}")
        return 0
    return exit_code_of(partial(_run, options))


def _run(options: argparse.Namespace, interruption: Interruption) -> int:
    contenders: dict[str, Callable[[], Turn]] = {
        CONNECTOR: lambda: turn_of_the_connector(options.messages, interruption),
        "Kannel, receipts in memory": lambda: turn_of_kannel(options.messages // 2, interruption, Storage.MEMORY),
        "Kannel, receipts in Postgres": lambda: turn_of_kannel(options.messages // 4, interruption, Storage.POSTGRES),
    }
    found: dict[str, list[Turn]] = {name: [] for name in contenders}
    for number in range(options.rounds):
        for name, turn in contenders.items():
            found[name].append(turn())
            print(f"  round {number + 1}: {name:<28} {found[name][-1].messages_per_s:>8,.0f} messages/s", flush=True)
    problems = [f"{name}: {problem}" for name, turns in found.items() for turn in turns for problem in turn.problems]
    if problems:
        print("\n".join(["The figures do not count, because this does not add up:", *problems]), file=sys.stderr)
        return FAILED
    medians = {name: median_of(turns) for name, turns in found.items()}
    print("\n".join(["", *table(medians)]))
    print(as_json(medians))
    return 0


def _parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m loadtest.peers", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="in each of which all have a turn (default: %(default)s)")
    parser.add_argument(
        "--messages", type=int, default=20_000, help="of the connector; slower ones get fewer (default: %(default)s)"
    )
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
