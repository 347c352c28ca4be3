# `make run` and `make test` do all set-up on a machine with Python 3.11 or newer; `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is new enough; or say which: make run PYTHON=/path/to/python3
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready
SLACK_TYPES := tests/slack_types/node_modules/.package-lock.json

# The folder with the benchmark's data; `make bench` says how to get it.
DATA ?=

.DEFAULT_GOAL := help
.PHONY: help setup run build test lint types pytest bench clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-6s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: $(READY) ## install everything into .venv, once

run: $(READY) ## build what changed, then answer: in Slack where tokens are set, else here
	@$(BIN)/footnote run

build: $(READY) ## bring the index up to date with the articles
	@$(BIN)/footnote build

test: lint types pytest ## everything that continuous integration checks

lint: $(DEV_READY)
	$(BIN)/ruff check .

types: $(DEV_READY)
	$(BIN)/mypy

pytest: $(DEV_READY) $(if $(shell command -v npm 2>/dev/null),$(SLACK_TYPES))
	$(BIN)/pytest

bench: $(DEV_READY) ## the benchmark: make bench DATA=folder
	$(BIN)/python -m tests.benchmarks $(if $(DATA),--data "$(DATA)")

clean: ## remove what set-up and tests made; the index stays
	rm -rf $(VENV) build dist *.egg-info tests/slack_types/node_modules
	rm -rf .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find bot index tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Stamps: set-up runs again only when what it installs has changed.
$(READY): pyproject.toml requirements.lock scripts/install
	@test -n "$(PYTHON)" || { echo "Footnote needs Python 3.11 or newer: install it, or say where it is: make run PYTHON=…" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || { echo "Python cannot make a virtual environment. On Debian or Ubuntu: apt install python3-venv" >&2; exit 1; }
	@scripts/install $(BIN)/python
	@touch $@

$(DEV_READY): $(READY) requirements-dev.lock
	@scripts/install $(BIN)/python --dev
	@touch $@

# Without npm, or its registry, the messages to Slack are still tested, only not against Slack's own
# types; continuous integration insists on them.
$(SLACK_TYPES): tests/slack_types/package-lock.json
	@cd tests/slack_types && npm ci --silent && touch $(notdir $(@D))/$(@F) \
		|| { test -z "$$CI" && echo "npm could not install Slack's types; going on without them."; }
