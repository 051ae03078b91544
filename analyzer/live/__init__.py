"""Packets as they come → events the moment they are seen, and a report at the end."""
