"""One video: its shots, how they look and move, its defects, and its sound."""

from analyzers.video.analyze import analyze

__all__ = ["analyze"]
