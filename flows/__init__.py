"""The order of tasks for one query."""
