"""Two reports → what stands in both, only in the one, only in the other, and what makes that uncertain."""
