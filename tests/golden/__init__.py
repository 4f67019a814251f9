"""Golden numbers: losses and verdicts as they were recorded on purpose, the policy's last in December 2026."""

They speak to the command line alone, so that they outlive any change of what is behind it.
"""
