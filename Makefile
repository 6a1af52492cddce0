# The interface for people and for CI alike. `make help` lists it.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/$(if $(filter Windows_NT,$(OS)),Scripts,bin)
SUBJECT ?= reference/credit.json
ARGS   ?=
# A file's tests share what was trained for them: a worker gets whole files, the longest first.
SUITE  := -m pytest -n 2 --dist loadfile --no-loadscope-reorder
PIP    := $(BIN)/python -m pip --disable-pip-version-check -q
# One lock for every platform: resolved on the oldest Python that is supported, with nothing of
# this machine's own pip configuration in it.
UNCONFIGURED = PIP_CONFIG_FILE=/dev/null PIP_FIND_LINKS= PIP_INDEX_URL= PIP_EXTRA_INDEX_URL=
COMPILE = $(UNCONFIGURED) CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile -q \
	--generate-hashes --strip-extras --allow-unsafe \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host
# pip compiles what it installs, and leaves out a folder of sources. Where PYTHONDONTWRITEBYTECODE is
# set, every process would compile them again, for a sixth of a second.
COMPILE_SOURCES = $(BIN)/python -m compileall -q src
NIX := nix --extra-experimental-features 'nix-command flakes'
# Without a network Nix prints a page of retries and an error: its inputs are fetched beforehand.
NIX_INPUTS = command -v nix >/dev/null \
	|| { echo "nix is not installed: get it from https://nixos.org/download, or: make image" >&2; exit 3; }; \
	output=$$($(NIX) flake archive --no-write-lock-file $(ARGS) 2>&1 >/dev/null) \
	|| case "$$output" in *"error: unable to download"*) \
		echo "the flake's nixpkgs is not on this machine and cannot be downloaded: connect to a network once," \
			"or name a copy: make $@ ARGS='--override-input nixpkgs path:FOLDER'" >&2; exit 3;; esac

.DEFAULT_GOAL := help
.PHONY: help setup train verify test test-fast test-scripts coverage fuzz lint types messages cpu-matrix matrix \
	image image-check image-clock-check image-digest wheelhouse matrix-cells matrix-cell matrix-compare wheel-test \
	lock audit nix-check nix-image bench bench-imports reference clean

help: ## Show this list.
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-17s %s\n", $$1, $$2}' Makefile

setup: $(VENV)/.ready ## Make .venv with every package pinned by hash.

train: $(VENV)/.ready ## Train the default experiment (ARGS="wine --seed 7").
	@$(BIN)/repro train $(ARGS)

verify: $(VENV)/.ready ## Verify the committed reference on this machine (SUBJECT=… for a run, or a different one).
	@$(BIN)/repro verify $(SUBJECT) $(ARGS)

test: $(VENV)/.dev ## Run all tests but those of test-scripts.
	@$(BIN)/python $(SUITE) -m "not scripts" $(ARGS)

test-fast: $(VENV)/.dev ## Run the tests that need no processes of their own, in minutes.
	@$(BIN)/python $(SUITE) -m "not (slow or processes)" $(ARGS)

test-scripts: ## Run the tests with PyTorch, XGBoost, MLflow and others, in an environment of its own.
	@$(MAKE) --no-print-directory VENV=build/scripts build/scripts/.scripts
	@$(MAKE) --no-print-directory VENV=build/exchange build/exchange/.exchange
	@build/scripts/$(notdir $(BIN))/python $(SUITE) --dist load -m scripts tests/boosters tests/cpu tests/recording tests/tracking \
		tests/api tests/executors tests/exports tests/mutations tests/training_torch $(ARGS)

coverage: $(VENV)/.dev ## Measure the lines that all but the slow tests run, in every process.
	@rm -rf build/coverage; mkdir -p build/coverage
	@$(BIN)/python -m coverage run $(SUITE) -m "not slow" $(ARGS)
	@$(BIN)/python -m coverage combine -q
	@$(BIN)/python -m coverage report

fuzz: $(VENV)/.dev ## Give every reader damaged files (ARGS="--minutes 30 --seed 7").
	@$(BIN)/python -m tests.fuzz $(ARGS)

lint: $(VENV)/.dev ## Check style, formatting, layers, workflows and scripts.
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/lint-imports
	@$(BIN)/yamllint --strict .
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.github-workflows .github/workflows/*.yml
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.github-actions .github/actions/*/action.yml
	@$(BIN)/check-jsonschema -q --builtin-schema vendor.dependabot .github/dependabot.yml
	@$(BIN)/zizmor --offline -q .github
	@! test -x $(BIN)/shellcheck || $(BIN)/shellcheck .ci/run .github/actions/*/*.sh tools/*.sh src/repro/execution/places/inside/*.sh
	@! test -x $(BIN)/hadolint || $(BIN)/hadolint Dockerfile

types: $(VENV)/.dev ## Check types.
	@$(BIN)/mypy

messages: $(VENV)/.dev ## Write every message of the command line to build/messages.txt, to be read.
	@mkdir -p build
	@$(BIN)/python -m tools.messages build/messages.txt

cpu-matrix: $(VENV)/.dev ## Train on other processors at every level (ARGS="-p debug", or --torch).
	@$(BIN)/python -m tools.cpu_matrix $(ARGS)

matrix: $(VENV)/.dev ## Train in every cell of matrix.yaml that this machine can run, and compare.
	@$(BIN)/repro matrix $(ARGS)

# For CI: list the cells (OUTPUT="$GITHUB_OUTPUT"), train in one itself (CELL=...), and compare what
# all of them left (RECORDS=...).
matrix-cells: $(VENV)/.ready
	@cells=$$($(BIN)/repro matrix --github) && echo "matrix=$$cells" >>"$(OUTPUT)"

matrix-cell: $(VENV)/.ready
	@$(BIN)/repro matrix --cell "$(CELL)" --exact --train-only $(ARGS)

matrix-compare: $(VENV)/.dev
	@$(BIN)/repro matrix --records "$(RECORDS)" --reference $(SUBJECT) --exact $(ARGS)

wheel-test: $(VENV)/.ready ## Build the wheel, and test it without its source.
	@PYTHON=$(abspath $(BIN))/python tools/wheel_test.sh build/wheel $(ARGS)

wheelhouse: $(VENV)/.ready ## Fetch the wheels of the locks for the image, to build it offline.
	@$(BIN)/repro image wheelhouse $(ARGS)

image: $(VENV)/.ready ## Build the image, and load it into Docker (BASE=NAME@sha256:… for a mirror).
	@$(BIN)/repro image build $(if $(BASE),--base $(BASE)) $(ARGS)

image-check: $(VENV)/.ready ## Build the image twice, and compare to the last bit.
	@$(BIN)/repro image check $(if $(BASE),--base $(BASE)) $(ARGS)

image-clock-check: $(VENV)/.ready ## The same, the second time on a different date and in a different kernel.
	@$(BIN)/repro image check --clock 2028-02-29 $(if $(BASE),--base $(BASE)) $(ARGS)

# For CI: write the digest of the image that was built (OUTPUT="$GITHUB_OUTPUT").
image-digest:
	@digest=$$(skopeo inspect --format '{{.Digest}}' oci:build/image) \
		&& printf 'digest=%s\n' "$$digest" >>"$(OUTPUT)"

lock: $(VENV)/.dev ## Resolve requirements*.in into the lock, the wheel index and the bill of materials.
	@$(BIN)/python -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
		|| { echo "the lock is resolved on Python 3.11: make lock PYTHON=python3.11 VENV=.venv311"; exit 1; }
	@for name in requirements requirements-build requirements-dev requirements-scripts requirements-exchange; do \
		echo "$$name.txt"; $(COMPILE) $(ARGS) $$name.in -o $$name.txt || exit 1; done
	@echo requirements-oldest.txt; mkdir -p build; $(BIN)/python -m tools.oldest >build/oldest.in \
		&& $(COMPILE) $(ARGS) build/oldest.in -o requirements-oldest.txt
	@echo "nix/wheels.json, sbom.json"; $(UNCONFIGURED) $(BIN)/python -m tools.lock

audit: $(VENV)/.dev ## Look up known vulnerabilities of every locked package.
	@$(BIN)/python -m tools.audit $(ARGS)

nix-check: ## Build the flake for this system, and train and verify with it (needs Nix).
	@$(NIX_INPUTS); $(NIX) flake check -L $(ARGS)

nix-image: ## Build the image of the flake, and load it into Docker (needs Nix).
	@$(NIX_INPUTS); $(NIX) build -L -o build/nix-image '.#image' $(ARGS) && build/nix-image | docker load

bench: $(VENV)/.dev ## Measure repro beside other tools (ARGS="--quick", or --only rows --rounds 5).
	@$(COMPILE_SOURCES)
	@$(BIN)/python benchmarks/bench.py $(ARGS)

bench-imports: $(VENV)/.dev ## List the modules that training loads beyond a plain script, the slowest first.
	@$(COMPILE_SOURCES)
	@$(BIN)/python benchmarks/imports.py $(ARGS)

reference: $(VENV)/.ready ## Train the default experiment and write reference/credit.json.
	@$(BIN)/repro train credit
	@$(BIN)/repro reference -o reference/credit.json

clean: ## Remove what was built; runs are kept.
	@rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
	@find src tests scripts tools -name __pycache__ -type d -prune -exec rm -rf {} +

$(VENV)/.ready: requirements.txt requirements-build.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Python 3.11 or later is needed; name one with: make PYTHON=python3.13"; exit 1; }
	@test -x $(BIN)/python || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); } \
		|| { rm -rf $(VENV); echo "on Debian and Ubuntu: apt install python3-venv"; exit 1; }
	@echo "installing pinned packages"
	@$(PIP) install --only-binary :all: --require-hashes -r requirements-build.txt -r requirements.txt
	@$(PIP) install --no-deps --no-build-isolation --no-index -e .
	@$(COMPILE_SOURCES)
	@touch $@

$(VENV)/.dev: $(VENV)/.ready requirements-dev.txt
	@echo "installing pinned development packages"
	@$(PIP) install --only-binary :all: --require-hashes -r requirements-dev.txt
	@touch $@

# PyPI has PyTorch with the libraries of CUDA alone, so that its CPU build comes from an index or a
# folder that pip was told of, and is left out where there is none.
$(VENV)/.scripts: $(VENV)/.dev requirements-scripts.txt requirements-torch.txt
	@echo "installing pinned libraries of recorded scripts"
	@$(PIP) install --only-binary :all: --require-hashes -r requirements-scripts.txt
	@$(PIP) install --only-binary :all: --require-hashes --no-deps -r requirements-torch.txt 2>/dev/null \
		|| echo "pip finds no CPU build of PyTorch: its test is skipped"
	@touch $@

# Programs and servers of other tools. Two of their packages exist as sources alone.
$(VENV)/.exchange: requirements-exchange.txt
	@test -x $(BIN)/python || { echo "making $(VENV)"; $(PYTHON) -m venv $(VENV); }
	@echo "installing pinned programs of other tools"
	@$(PIP) install --require-hashes -r requirements-exchange.txt
	@touch $@
