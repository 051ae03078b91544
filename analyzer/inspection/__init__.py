"""Inspect one exchange: messages to fields, fields to findings, findings to recognised senders."""
