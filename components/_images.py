"""The images that steps run in, one per dependency world (docker-bake.hcl)."""

REGISTRY = "ghcr.io/acecoder-on-kubernetes"
TAG = "0.1.0"

CPU = f"{REGISTRY}/cpu:{TAG}"
TRAIN = f"{REGISTRY}/train:{TAG}"
RL = f"{REGISTRY}/rl:{TAG}"
RECONCILE = f"{REGISTRY}/reconcile:{TAG}"
SERVE = f"{REGISTRY}/serve:{TAG}"
SANDBOX = f"{REGISTRY}/sandbox:{TAG}"
MLFLOW = f"{REGISTRY}/mlflow:{TAG}"
