"""Findings in, creative brief out."""
