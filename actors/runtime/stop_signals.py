"""The signals that ask the service to stop, and their waiting while nobody could act on them."""

import signal

STOP_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def hold_stop_signals() -> None:
    """From now on they wait in the kernel. A handler that raises would not do while actors are forked: what is raised
    in a hook of the fork is lost, and with it the signal."""
    signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)


def release_stop_signals() -> None:
    """Those that have waited come now."""
    signal.pthread_sigmask(signal.SIG_UNBLOCK, STOP_SIGNALS)
