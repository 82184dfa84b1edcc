"""The doors: Prefect deployments, command line, HTTP API, console page."""
