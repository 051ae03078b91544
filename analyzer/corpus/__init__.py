"""Many captures → one report, or results that last: read over all cores, or by an existing cluster.

`finding` and `planning` say what is read as one, `work` reads it, `pool` and `cluster` say where, `results`
keeps what came of it, `summary` asks across all of it.
"""
