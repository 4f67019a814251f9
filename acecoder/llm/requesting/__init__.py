"""Requests to an OpenAI-compatible API: what is sent, how an answer is read, what a fault means."""
