"""Packets to flows: numbers, counts, reassembled streams, and the devices they belong to."""
