"""DreamCut: what every room shares."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("dreamcut")
except PackageNotFoundError:  # run from a checkout that was never installed
    __version__ = "0.0.0"
