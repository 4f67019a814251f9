"""Rewards as a service, for trainers that are not ours (`acecoder serve-rewards`)."""
