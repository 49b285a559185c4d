"""Answers from vLLM in this process: what is asked of it, in which stages, the source."""
