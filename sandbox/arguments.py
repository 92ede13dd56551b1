"""Types of arguments that several of the sandbox's commands take."""

import argparse
import math
import re

MAX_PORT = 65_535


def above_zero(text: str) -> float:
    """A number above 0, and not infinite."""
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError("expected a number above 0")
    return number


def port_or_any(text: str) -> int:
    """A port; 0 lets the kernel choose."""
    port = _port(text)
    if port is None:
        raise argparse.ArgumentTypeError(f"must be in 0..{MAX_PORT}")
    return port


def host_and_port(text: str) -> tuple[str, int]:
    """HOST:PORT, with an IPv6 address in brackets or without."""
    host, _, digits = text.rpartition(":")
    port = _port(digits)
    if not host or not port:
        raise argparse.ArgumentTypeError(f"expected HOST:PORT, a port in 1..{MAX_PORT}")
    return host.removeprefix("[").removesuffix("]"), port


def _port(text: str) -> int | None:
    port = int(text) if re.fullmatch("[0-9]{1,5}", text) else MAX_PORT + 1
    return port if port <= MAX_PORT else None
