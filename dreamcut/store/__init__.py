"""Queries, assets and messages in Postgres."""
