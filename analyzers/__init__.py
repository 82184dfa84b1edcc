"""Pure measurement: a local file in, findings out."""
