"""Rewards of completions, one kind per file: an open room (see `reward`)."""
