"""Audio files and sound tracks."""
