# Every target works in a fresh clone: `setup` installs into the checkout what the others need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
READY := $(VENV)/.ready
NODE_READY := tests/asl_validator/node_modules/.ready
RUNTIME_READY := runtime/node_modules/.ready

.DEFAULT_GOAL := help
.PHONY: help setup run test bench conformance soak lint format snapshots docs clean

help: ## Show the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort | while IFS="$$(printf '\t')" read -r name text; do printf '  %-12s %s\n' "$$name" "$$text"; done

setup: $(READY) $(NODE_READY) $(RUNTIME_READY) ## Install what is needed into the checkout

$(READY): pyproject.toml uv.lock
	@command -v $(PYTHON) >/dev/null || { echo "Millrace needs Python 3.11 or newer; set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Millrace needs Python 3.11 or newer, found $$($(PYTHON) --version); set PYTHON=/path/to/python3" >&2; exit 1; }
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check "uv==$(UV_VERSION)"
	$(BIN)/uv sync --frozen --quiet
	@touch $@

$(NODE_READY): tests/asl_validator/package-lock.json
	@command -v npm >/dev/null || { echo "The checks of compiled machines need Node 20 or newer with npm" >&2; exit 1; }
	npm ci --silent --no-audit --no-fund --prefix tests/asl_validator
	@touch $@

$(RUNTIME_READY): runtime/package-lock.json
	@command -v npm >/dev/null || { echo "The embedded DynamoDB is a package of npm's: install Node 20 or newer" >&2; exit 1; }
	npm ci --silent --no-audit --no-fund --prefix runtime
	@touch $@

run: $(READY) ## Start the service on this machine, until Ctrl-C
	@$(BIN)/millrace up

test: setup ## Check style and types, and run every test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright
	$(BIN)/pytest -n 2 --dist worksteal

bench: $(READY) ## Measure speed and schedules
	$(BIN)/python -m bench

conformance: $(READY) ## Compare the engine with recordings of AWS, where ../shared/conformance is
	$(BIN)/python -m tests.stepfunctions.conformance

soak: $(READY) ## Run 500 executions while the engine is killed again and again
	$(BIN)/python -m tests.stepfunctions.soak

lint: $(READY) ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/pyright

format: $(READY) ## Format the code
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

snapshots: $(READY) ## Rewrite the expected files of the tests; read the diff
	$(BIN)/python -m tests.compiler.snapshots

docs: $(READY) ## Rewrite the generated reference pages
	$(BIN)/python -m millrace.catalogue.reference
	$(BIN)/python -m tests.compiler.diagnostics_page
	$(BIN)/python -m functions.api.reference

clean: ## Remove what setup and the tests have made
	rm -rf $(VENV) tests/asl_validator/node_modules runtime/node_modules .pytest_cache .ruff_cache .hypothesis
