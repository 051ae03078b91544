"""Evidence bundles: the packets behind each finding, written and verified."""
