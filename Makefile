# From a clean clone: `make demo` or `make test`. Needs Python >= 3.11 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
WARM := $(VENV)/.warm

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint types walls advisors bench clean

help:
	@echo 'make setup   install into .venv and warm up what is slow the first time'
	@echo 'make demo    analyse the shipped example and write its brief'
	@echo 'make test    the tests, on a real embedded Postgres'
	@echo 'make lint    ruff; make types: mypy; make walls: import-linter'
	@echo 'make advisors  the advisor of Supabase on our schema; installs its CLI with npm (142 MB)'
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

setup: $(WARM)

demo: $(WARM)
	$(BIN)/dreamcut demo

test: $(READY)
	$(BIN)/python -m pytest -m 'not benchmark'

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

walls: $(READY)
	$(BIN)/lint-imports

SUPABASE_CLI := supabase/node_modules/.bin/supabase
$(SUPABASE_CLI): supabase/package.json
	npm install --prefix supabase --no-audit --no-fund --loglevel=error
	@touch $@

advisors: $(READY) $(SUPABASE_CLI)
	$(BIN)/python -m pytest tests/supabase/test_advisors.py

bench: $(WARM)
	$(BIN)/python tests/benchmarks/run.py
	$(BIN)/python tests/benchmarks/overhead.py
	$(BIN)/python tests/benchmarks/database.py
	PYTHONPATH=tests/support $(BIN)/python tests/benchmarks/live_feed.py

clean:
	rm -rf $(VENV) supabase/node_modules .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis dist build
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
