"""Which version of the product this is."""

from importlib import metadata

DISTRIBUTION = "smpp-connector"
NOT_INSTALLED = "0+source"  # run from a source tree


def version() -> str:
    """The installed distribution's version, or NOT_INSTALLED."""
    try:
        return metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return NOT_INSTALLED
