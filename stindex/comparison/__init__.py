"""Two runs over the same samples ─▶ what got better, what got worse, what cannot be told."""
