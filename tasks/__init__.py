"""Prefect tasks: fetch, analyze, report, write."""
