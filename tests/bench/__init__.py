"""Benchmarks, and the tests of their generators."""
