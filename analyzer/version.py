"""The version of phonehome; the package's metadata is made from it."""

VERSION = "0.1.1"
