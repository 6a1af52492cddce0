# The interface for people and for CI alike. `make help` lists it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
SUBJECT ?= reference/credit.json
ARGS   ?=
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q
# One lock for every platform: resolved on the oldest Python that is supported, with nothing of
# this machine's own pip configuration in it.
COMPILE = PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_INDEX_URL= PIP_EXTRA_INDEX_URL= \
	CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile -q --generate-hashes --strip-extras \
	--allow-unsafe --no-emit-index-url --no-emit-find-links --no-emit-trusted-host

.DEFAULT_GOAL := help
.PHONY: help setup train verify test lint types cpu-matrix lock reference clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.ready ## Make .venv with every package pinned by hash.

train: $(VENV)/.ready ## Train the default experiment (ARGS="wine --seed 7").
	@$(BIN)/repro train $(ARGS)

verify: $(VENV)/.ready ## Verify the committed reference here (SUBJECT=… for another, or a run).
	@$(BIN)/repro verify $(SUBJECT) $(ARGS)

test: $(VENV)/.dev ## Run all tests.
	@$(BIN)/python -m pytest -n 2 $(ARGS)

lint: $(VENV)/.dev ## Check style, formatting and layers.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports

types: $(VENV)/.dev ## Check types.
	@$(BIN)/mypy

cpu-matrix: $(VENV)/.dev ## Train on other processors at every level (ARGS="-p debug" in minutes).
	@$(BIN)/python scripts/cpu_matrix.py $(ARGS)

lock: $(VENV)/.dev ## Resolve requirements*.in into requirements*.txt (on Python 3.11).
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "the lock is resolved on Python 3.11: make lock PYTHON=python3.11 VENV=.venv311"; exit 1; }
	@for name in requirements requirements-build requirements-dev; do \
		echo "$$name.txt"; $(COMPILE) $(ARGS) $$name.in -o $$name.txt || exit 1; done

reference: $(VENV)/.ready ## Train the default experiment and write reference/credit.json.
	@$(BIN)/repro train credit
	@$(BIN)/repro reference -o reference/credit.json

clean: ## Remove what was built; runs are kept.
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests scripts -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: requirements.txt requirements-build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.13"; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); } \
		|| { rm -rf $(VENV); echo "on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "installing pinned packages"
	@$(PIP) install --only-binary :all: --require-hashes -r requirements-build.txt -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@touch $@

$(VENV)/.dev: $(VENV)/.ready requirements-dev.txt
	@echo "installing pinned development packages"
	@$(PIP) install --only-binary :all: --require-hashes -r requirements-dev.txt
	@touch $@
