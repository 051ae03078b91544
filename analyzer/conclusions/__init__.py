"""Conclusions: steps that take a report and return a report, such as merge, attribution and timing."""
