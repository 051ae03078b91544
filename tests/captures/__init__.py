"""The sample captures: made again, read by others, and true to their sidecars."""
