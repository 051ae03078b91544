"""Reports and captures → what may be printed, and what another can check: pseudonyms, evidence bundles."""
