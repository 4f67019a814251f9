"""The images that steps run in, one a dependency world (DESIGN, "Tree")."""

REGISTRY = "ghcr.io/acecoder-on-kubernetes"
TAG = "0.1.0"

CPU = f"{REGISTRY}/python-cpu:{TAG}"
TRAIN = f"{REGISTRY}/python-train:{TAG}"
RL = f"{REGISTRY}/python-rl:{TAG}"
