"""Readers of the raw geolocation databases: one file a format, each → blocks or ranges with values."""
