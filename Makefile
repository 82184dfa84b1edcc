# From a clean clone: `make demo` or `make test`. Needs Python >= 3.11 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WARM := $(VENV)/.warm
CLIENT := clients/typescript
NPM_PATIENCE := --silent --no-audit --no-fund --fetch-retries=1 --fetch-timeout=120000

.DEFAULT_GOAL := help
.PHONY: help setup node demo test lint types types-typescript walls bench clean

help:
	@echo 'make setup   install into .venv and warm up what is slow the first time'
	@echo 'make demo    analyse the shipped example and write its brief'
	@echo 'make test    the tests, on a real embedded Postgres'
	@echo 'make lint    ruff; make types: mypy, tsc; make walls: import-linter'
	@echo 'make node    what needs npm: the TypeScript client and the Supabase CLI; make test does it, too'
	@echo 'make types-typescript   write the database types of the client after a migration'
	@echo 'make bench   speed and memory beside their floors'
	@echo 'make clean   remove .venv and caches; stop the services first: dreamcut down'

# Again only when the requirements change.
$(READY): pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    { echo 'DreamCut needs Python 3.11 or newer: make PYTHON=python3.12 ...' >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@

$(WARM): $(READY)
	$(BIN)/python -m deployments.warm_up
	@touch $@

setup: $(WARM) node

# Two sets of packages, each marked when it is whole. Without npm or a registry everything else goes on, and
# the tests that need them skip. The second holds the Supabase CLI, 142 MB.
node:
	@if ! command -v npm >/dev/null; then \
	    echo 'no npm on the path: tests that need Node will skip (install Node 20 or newer)' >&2; \
	else \
	    [ $(CLIENT)/node_modules/.ready -nt $(CLIENT)/package-lock.json ] \
	        || { (cd $(CLIENT) && npm ci $(NPM_PATIENCE)) && touch $(CLIENT)/node_modules/.ready; } \
	        || echo 'npm could not install the packages of $(CLIENT): its tests will skip' >&2; \
	    [ supabase/node_modules/.ready -nt supabase/package.json ] \
	        || { (cd supabase && npm install $(NPM_PATIENCE)) && touch supabase/node_modules/.ready; } \
	        || echo 'npm could not install the Supabase CLI: tests that need it will skip' >&2; \
	fi

demo: $(WARM)
	$(BIN)/dreamcut demo

test: $(READY) node
	$(BIN)/python -m pytest -m 'not benchmark' -n 2 --dist loadfile

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY) node
	$(BIN)/mypy
	@if [ -x $(CLIENT)/node_modules/.bin/tsc ] && command -v node >/dev/null; then \
	    cd $(CLIENT) && npm run --silent check; \
	else \
	    echo 'tsc is not installed: $(CLIENT) was not checked'; \
	fi

types-typescript: $(READY) node
	$(BIN)/python $(CLIENT)/generate_types.py

walls: $(READY)
	$(BIN)/lint-imports

bench: $(WARM)
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python tests/benchmarks/overhead.py
	$(BIN)/python tests/benchmarks/database.py
	PYTHONPATH=tests/support $(BIN)/python tests/benchmarks/live_feed.py

clean:
	rm -rf $(CLIENT)/node_modules $(CLIENT)/dist supabase/node_modules
	rm -rf $(VENV) .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
