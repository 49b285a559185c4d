"""Answers from an OpenAI-compatible server: what is sent and read, how it is paced, the source."""
