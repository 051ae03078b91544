"""Grammars of messages that are data: how they are read, checked and refused."""
