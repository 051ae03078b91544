"""Input that is damaged, hostile or not a capture at all, through the real command."""
