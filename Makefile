# `make run` and `make test` do all set-up on a machine with Python 3.11 or newer; `make help` lists the rest.

VENV := .venv
BIN := $(VENV)/bin
# The first of these that is new enough; or say which: make run PYTHON=/path/to/python3
PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11 python; do \
	$$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$python && break; done)
READY := $(VENV)/.ready
DEV_READY := $(VENV)/.dev-ready
PEERS := .venv-peers
PEERS_READY := $(PEERS)/.ready
SPEED_RESULTS := tests/benchmarks/results
SLACK_TYPES := tests/slack_types/node_modules/.package-lock.json

# The folder with the benchmark's data; `make bench` says how to get it.
DATA ?=

.DEFAULT_GOAL := help
.PHONY: help setup run build test lint types pytest fuzz crash soak bench bench-speed clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-11s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

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

fuzz: $(DEV_READY) ## 15,000 broken documents and as many awkward messages, instead of hundreds
	$(BIN)/pytest tests/index/ingest/test_fuzz.py tests/bot/slack/messages/test_messages.py --hypothesis-profile=fuzz

crash: $(DEV_READY) ## kill builds a thousand times, and see that the index survives
	$(BIN)/python -m tests.crash --kills 1000

soak: $(DEV_READY) ## 5,000 questions in bad weather, 20 a second, against a Slack of its own
	$(BIN)/python -m tests.soak

bench: $(DEV_READY) ## the benchmark: make bench DATA=folder
	$(BIN)/python -m tests.benchmarks $(if $(DATA),--data "$(DATA)")

bench-speed: $(PEERS_READY) ## speed and size beside LangChain and txtai: make bench-speed DATA=folder
	$(BIN)/python -m tests.benchmarks.speed_sizes --data "$(DATA)" --out $(SPEED_RESULTS) --peers $(PEERS)/bin/python

# On top of the product's packages, so that all run the same torch, faiss and model library; none of
# these is replaced.
$(PEERS_READY): $(DEV_READY) tests/benchmarks/peers.txt
	@$(PYTHON) -m venv --without-pip $(PEERS)
	@$(BIN)/python -c 'import site; print(site.getsitepackages()[0])' \
		> "$$($(PEERS)/bin/python -c 'import site; print(site.getsitepackages()[0])')/product.pth"
	@$(BIN)/python -m pip freeze --exclude-editable > $(PEERS)/product.txt
	@$(PEERS)/bin/python -m pip install --quiet -c $(PEERS)/product.txt -r tests/benchmarks/peers.txt
	@touch $@

clean: ## remove what set-up and tests made; the index stays
	rm -rf $(VENV) $(PEERS) build dist *.egg-info tests/slack_types/node_modules
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
