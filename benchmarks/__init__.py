"""Speed and scale, measured against what a user would run instead, in one run."""
