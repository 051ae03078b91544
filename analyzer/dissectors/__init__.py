"""Bytes in order to messages and names. Parsers do no I/O and go on behind a gap."""
