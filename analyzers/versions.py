"""Versions of the analyzers: a change that alters findings raises its number."""

IMAGE = "1.0.0"
VIDEO = "1.0.0"
AUDIO = "1.0.0"
