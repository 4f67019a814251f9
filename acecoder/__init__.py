"""AceCoder on Kubernetes: from seed code to a better code model, judged in a sandbox."""

__version__ = "0.1.0"
