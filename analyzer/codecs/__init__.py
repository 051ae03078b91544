"""Codecs: one module an encoding. A codec turns one part of a message into its inner parts."""
