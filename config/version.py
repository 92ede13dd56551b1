"""Which version of the product this is."""

from functools import cache
from importlib import metadata

DISTRIBUTION = "smpp-connector"
NOT_INSTALLED = "0+source"  # run from a source tree


@cache
def version() -> str:
    """The installed distribution's version, or NOT_INSTALLED. Read from its files once: every status names it."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
