"""No core dumps: the memory of a process holds numbers, texts and passwords."""

import resource


def forbid_core_dumps() -> None:
    """For this process and all that it starts; Thespian does the same for its admin process and what that starts."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
