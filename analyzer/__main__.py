"""`python -m analyzer` is the command `phonehome`."""

import sys

from analyzer.cli import command

sys.exit(command())
