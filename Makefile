# Every target sets up .venv by itself on first use, from locks that hold versions and hashes and no address.
# Needed on the machine: Python 3.11 or newer with its venv module, make, and a package index that pip reaches.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= $(firstword $(foreach name,python3 python3.13 python3.12 python3.11 python3.14,\
	$(shell $(name) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(name))))
VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input --quiet --quiet
PYTEST_ARGS ?=
# One worker per core; the tests of a file stay together.
PYTEST := $(BIN)/python -m pytest -n auto --dist loadfile

.PHONY: help demo test torture check lint format bench docs lock clean

help:  ## What can be made
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 17

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer found. Name one: make PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "Python's venv module is missing; on Debian: apt-get install python3-venv" >&2; exit 1; }

# The package itself goes in last and without dependencies: all of them are in the lock.
$(VENV)/.installed-for-demo: demo/requirements.lock demo/data.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the demo needs into $(VENV) (once, about a minute) ..."
	@$(PIP) install --require-hashes -r demo/requirements.lock
	@$(PIP) install --require-hashes --no-deps --no-build-isolation --use-pep517 -r demo/data.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.installed: requirements.lock pyproject.toml | $(VENV)/bin/python
	@echo "Installing what development needs into $(VENV) (once, a minute or two) ..."
	@$(PIP) install --require-hashes -r requirements.lock
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

demo: $(VENV)/.installed-for-demo  ## Two real servers, synced, joined, changed, synced again
	@$(BIN)/python demo/run.py

test: $(VENV)/.installed  ## All tests, with small counts (on Debian it installs MariaDB and OpenSSH where there are none)
	@tests/databases/install-mariadb
	@tests/files/install-servers
	@$(PYTEST) -m "not torture" $(PYTEST_ARGS)

torture: $(VENV)/.installed  ## Kills, faults and load with full counts
	@DINOBASE_TORTURE=1 tests/files/install-servers
	@DINOBASE_TORTURE=1 $(BIN)/python -m pytest tests/torture $(PYTEST_ARGS)
	@$(BIN)/python -m pytest -m torture --ignore=tests/torture $(PYTEST_ARGS)
	@DINOBASE_TORTURE=1 $(BIN)/python -m pytest tests/property tests/mutate/test_properties.py tests/mutate/test_undo_properties.py \
		tests/databases/test_capture_kills.py $(PYTEST_ARGS)

check: lint  ## Style, types, import contracts, generated pages
	@$(BIN)/mypy
	@cd demo && ../$(BIN)/mypy --config-file ../pyproject.toml *.py ../docs/example/*.py
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/cog --check --diff $(wildcard README.md docs/*.md)
	@$(BIN)/python -m tests.connectors.pages --check

lint: $(VENV)/.installed  ## Style alone
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check

format: $(VENV)/.installed  ## Put the code in shape
	@$(BIN)/ruff check --fix
	@$(BIN)/ruff format

bench: $(VENV)/.installed  ## Ours, dlt and the published package on one machine; writes bench/RESULTS.md
	@$(BIN)/python bench/run.py
	@$(BIN)/python bench/meaning.py

docs: $(VENV)/.installed  ## Write the generated parts of the docs anew
	@$(BIN)/python -m tests.connectors.pages
	@$(BIN)/cog -r $(wildcard README.md docs/*.md)

# Without the machine's own pip settings: nothing of them may stand in a lock.
COMPILE = env -u PIP_FIND_LINKS -u PIP_INDEX_URL -u PIP_EXTRA_INDEX_URL -u PIP_CONSTRAINT PIP_CONFIG_FILE=/dev/null \
	$(BIN)/pip-compile --quiet --generate-hashes --allow-unsafe --strip-extras --no-annotate --no-header \
	--no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

lock: $(VENV)/.installed  ## Write the locks anew from pyproject.toml
	@$(COMPILE) --extra dev --output-file requirements.lock pyproject.toml
	@$(COMPILE) --extra demo --constraint requirements.lock --output-file demo/requirements.lock pyproject.toml

clean:  ## Remove what make made
	rm -rf $(VENV) .demo build dist *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
