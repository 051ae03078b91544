"""Report → the formats of other tools, one module each: they see the Report and nothing else."""
