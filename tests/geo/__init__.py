"""Where addresses are: documented places, special-purpose space, look-up, snapshots, shipped data."""
