"""The program itself, as the tests of the command line call it."""

from tests.cli.conftest import run as program

__all__ = ["program"]
