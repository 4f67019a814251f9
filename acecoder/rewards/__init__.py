"""Rewards of completions, one kind per file: an open room (see `reward`).

For trainers of others: `from acecoder.rewards import TestsReward`.
"""

from acecoder.rewards.for_trainers import TestsReward

__all__ = ["TestsReward"]
