"""The compiled kernels: how they are compiled, kept and loaded."""
