# docker buildx bake [TARGET]; `make images` does the same with docker or buildah.
variable "REGISTRY" { default = "ghcr.io/acecoder-on-kubernetes" }
variable "TAG" { default = "0.1.0" }
variable "REVISION" { default = "" }  # the git commit
variable "BASE" { default = "docker.io/library/python:3.11.14-slim-bookworm" }

group "default" { targets = ["cpu", "reconcile", "train", "rl", "serve", "sandbox", "mlflow"] }

target "_image" {
  context   = "."
  platforms = ["linux/amd64"]  # the sandbox's system call filter is x86-64
  args      = { BASE = BASE, REVISION = REVISION }
  labels    = { "org.opencontainers.image.version" = TAG, "org.opencontainers.image.revision" = REVISION }
}

target "cpu" {
  inherits   = ["_image"]
  dockerfile = "images/cpu/Dockerfile"
  tags       = ["${REGISTRY}/cpu:${TAG}"]
}

# The same with all of kfp: it compiles and submits runs.
target "reconcile" {
  inherits = ["cpu"]
  args     = { REQUIREMENTS = "requirements-reconcile.lock" }
  tags     = ["${REGISTRY}/reconcile:${TAG}"]
}

target "train" {
  inherits   = ["_image"]
  dockerfile = "images/train/Dockerfile"
  tags       = ["${REGISTRY}/train:${TAG}"]
}

target "rl" {
  inherits   = ["_image"]
  dockerfile = "images/rl/Dockerfile"
  tags       = ["${REGISTRY}/rl:${TAG}"]
}

target "serve" {
  inherits   = ["_image"]
  dockerfile = "images/serve/Dockerfile"
  tags       = ["${REGISTRY}/serve:${TAG}"]
}

target "sandbox" {
  inherits   = ["_image"]
  dockerfile = "images/sandbox/Dockerfile"
  tags       = ["${REGISTRY}/sandbox:${TAG}"]
}

# The same with the libraries that BigCodeBench's problems import.
target "sandbox-bigcodebench" {
  inherits   = ["sandbox"]
  args       = { REQUIREMENTS = "requirements-bigcodebench.lock" }
  tags       = ["${REGISTRY}/sandbox:${TAG}-bigcodebench"]
}

target "mlflow" {
  inherits   = ["_image"]
  dockerfile = "images/mlflow/Dockerfile"
  tags       = ["${REGISTRY}/mlflow:${TAG}"]
}
