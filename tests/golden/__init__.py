"""Golden numbers: losses and verdicts as they were recorded; the policy's since its order, stops and schedule changed."""

They speak to the command line alone, so that they outlive any change of what is behind it.
"""
