"""Golden numbers: losses and verdicts as they were recorded; the policy's last on 2026-12-01.

They speak to the command line alone, so that they outlive any change of what is behind it.
"""
