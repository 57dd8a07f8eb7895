# Every target works on a machine with Python 3.11+, make and git; nothing else is needed.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed-$(shell cat requirements.txt requirements-dev.txt $(wildcard verifier/pyproject.toml verifier/counterfoil_verify/*.py verifier/counterfoil_verify/*/*.py) | cksum | cut -d' ' -f1)
export PYTHONUNBUFFERED := 1
# One test process a core; each has its own PostgreSQL.
PARALLEL = -n auto --dist worksteal
.DEFAULT_GOAL := help
.PHONY: help demo run test anvil check coverage format format-check lint types layers audit bench crash install lock clean wheel

help: ## Show this help
	@awk 'BEGIN {FS = ":.*## "} /^##@/ {printf "\n%s\n", substr($$0, 5)} /^[a-z-]+:.*## / {printf "  make %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

##@ Use it
demo: $(STAMP) ## Run the whole story over HTTP and verify it (writes var/demo/report.json)
	$(BIN)/python -m demo

run: $(STAMP) ## Serve the exchange with demonstration accounts until stopped
	$(BIN)/python -m demo.serve

##@ Check it
test: $(STAMP) ## Run every test on real PostgreSQL (embedded)
	$(BIN)/python -m pytest $(PARALLEL)

check: format-check lint types layers test audit ## Everything that must be green before a change lands

coverage: PARALLEL += --cov --cov-report=term:skip-covered
coverage: test ## The tests, with branch coverage: it costs a fifth more, so the check does without

format: $(STAMP) ## Format the code
	$(BIN)/ruff format .

format-check: $(STAMP)
	$(BIN)/ruff format --check .

lint: $(STAMP) ## Lint the code
	$(BIN)/ruff check .

types: $(STAMP) ## Check the types
	$(BIN)/mypy .

layers: $(STAMP) ## Check who imports whom
	$(BIN)/lint-imports

anvil: ## Install a real JSON-RPC node for the chain tests (needs npm; they are skipped without)
	npm ci --prefix tests/adapters/anvil --ignore-scripts --no-audit --no-fund --loglevel=error

audit: $(STAMP) ## Look for known vulnerabilities, where an index of them answers
	$(BIN)/python -m tests.audit_dependencies

##@ Measure it
bench: $(STAMP) ## Measure, and write var/bench/report.json
	$(BIN)/python -m bench

crash: $(STAMP) ## Kill −9 under load, and write var/crash/report.json
	$(BIN)/python -m bench.crash

##@ Keep it
install: $(STAMP) ## Set up the virtual environment

wheel: $(STAMP) ## Build the verifier for buyers and auditors (writes var/wheel/)
	$(BIN)/pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index -w var/wheel ./verifier

lock: ## Recompile the requirements with hashes (needs uv)
	uv pip compile -q --universal --no-strip-extras --generate-hashes --python-version 3.11 --no-emit-index-url -o requirements.txt requirements.in
	uv pip compile -q --universal --no-strip-extras --generate-hashes --python-version 3.11 --no-emit-index-url -o requirements-dev.txt requirements-dev.in

clean: ## Remove what was made here, the data of the embedded default included
	rm -rf var $(VENV) .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

$(STAMP):
	$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed") if sys.version_info < (3, 11) else None'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --only-binary :all: --require-hashes -r requirements.txt -r requirements-dev.txt
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --no-index ./verifier
	@rm -f $(VENV)/.installed-*
	@touch $@
