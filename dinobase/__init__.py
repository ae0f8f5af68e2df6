"""The database that agents query instead of a hundred APIs."""

__version__ = "0.1.0"
