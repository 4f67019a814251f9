"""Kubernetes, as far as stages and commands need it: what it says of quotas, nodes and pods."""
