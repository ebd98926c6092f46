# Every target works in a fresh clone with Python 3.11, git and make: it first builds the environment it needs.
# A second run does nothing unless a lock file or pyproject.toml changed.
#
#   PYTHON=/path/to/python3.11   which interpreter to build with, when none is found on PATH
#   ARGS="..."                   what to hand on to the command behind a target: make test ARGS="-k money"

.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

product := .venv
judges  := .venvs/test
frame   := tools/environment.sh requirements/tools.txt pyproject.toml

KILLS ?= 500
SEED := $(or $(SEED),$(shell date +%s))

.PHONY: help setup demo up test check soak fmt bench docs lock

help: ## show this list
	@echo "Tenuto. You need Python 3.11, git and make; the targets install the rest."
	@echo
	@sed -n 's/^\([a-z]*\):.*## /  make \1|/p' $(firstword $(MAKEFILE_LIST)) | while IFS='|' read -r name what; do \
		printf '%-14s %s\n' "$$name" "$$what"; done

setup: $(product)/.ready ## install the product with its [ml] and [demo] extras into .venv
	@echo "Ready. Start the platform with 'make up', see it work with 'make demo'."

demo: $(product)/.ready ## watch the main job happen on a private platform; about a minute and a half
	@$(product)/bin/tenuto demo $(ARGS)

up: $(product)/.ready ## run the platform and its console on this machine
	@$(product)/bin/tenuto up $(ARGS)

test: $(judges)/.ready ## run every test; on newer interpreters the quick part
	@tools/system_packages.sh
	@$(judges)/bin/python -m pytest -n 2 --dist loadfile $(ARGS)
	@$(judges)/bin/python tools/newer_interpreters.py

check: $(judges)/.ready ## format, lint, types, import contracts, tests: exactly what CI runs
	@$(judges)/bin/python tools/static_checks.py
	@$(MAKE) test
	@echo "==> check: everything passed"

soak: $(judges)/.ready ## kill what runs pipelines, at random and for long: KILLS=500 SEED=7
	@echo "==> soak: $(KILLS) kills, SEED=$(SEED)"
	@TENUTO_TEST_KILLS=$(KILLS) TENUTO_TEST_SEED=$(SEED) $(judges)/bin/python -m pytest tests/system/pipelines_kill $(ARGS)

fmt: $(judges)/.ready ## format the tree and fix what can be fixed
	@$(judges)/bin/ruff format .
	@$(judges)/bin/ruff check --fix .

bench: $(judges)/.ready ## run the benchmarks and write their tables into docs/benchmarks.md
	@$(judges)/bin/python tools/bench.py $(ARGS)

docs: $(judges)/.ready ## build the documentation; a warning or a broken link fails
	@$(judges)/bin/python tools/build_docs.py docs/_build/html

lock: $(judges)/.ready ## resolve requirements/*.in anew; ARGS=--upgrade takes newer versions
	@tools/lock.sh $(judges)/bin/uv $(ARGS)

$(product)/.ready: requirements/demo.txt $(frame)
	@tools/environment.sh $(product) requirements/demo.txt 3.11

$(judges)/.ready: requirements/test.txt $(frame)
	@tools/environment.sh $(judges) requirements/test.txt 3.11
