"""The batch engines for local models: rows of token ids go in, rows of token ids come out."""
