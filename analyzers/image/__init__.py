"""One still image: its file, its look, and what it resembles."""

from analyzers.image.analyze import analyze

__all__ = ["analyze"]
