# The photo-quality lab. `make demo` starts it, `make test` checks it; each sets itself up in .venv first.
# Another interpreter: make PYTHON=/usr/bin/python3.13 test    Some tests only: make test ARGS="tests/test_cli.py -x"
# Without the several gigabytes of the training layer, whose tests are then skipped: make test TRAIN=0

.DEFAULT_GOAL := help
.NOTPARALLEL:
.PHONY: help demo test clean venv browser
SHELL := /bin/sh

PYTHON ?=
ARGS ?=
TRAIN ?= 1
BIN := .venv/bin
# An environment whose interpreter is gone (an upgrade of Python) goes with its stamps, before make looks at them.
$(shell [ ! -e .venv ] || { [ -e .venv/.made ] && .venv/bin/python -c ''; } 2>/dev/null || rm -rf .venv)
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt

# What an activated environment or a shell profile may have left must not leak into ours.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV PIP_USER PIP_TARGET PIP_PREFIX

help: ## list the commands (the default)
	@echo 'make demo    start the demo; its address is printed when it is ready'
	@echo 'make test    lint, type check and test everything'
	@echo 'make clean   remove .venv and all caches'
	@echo 'Each needs only Python 3.11 or newer and does its own set-up; PYTHON=... names another interpreter.'

demo: .venv/.runtime ## start the demo
	@$(BIN)/python app.py $(ARGS)

test: .venv/.dev $(if $(filter 0,$(TRAIN)),,.venv/.train) browser ## lint, type check and test everything
	@echo '==> ruff'
	@$(BIN)/python -m ruff check .
	@$(BIN)/python -m ruff format --check .
	@echo '==> mypy'
	@$(BIN)/python -m mypy
	@echo '==> pytest'
	@$(BIN)/python -m pytest $(ARGS)

clean: ## remove what was made
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks .gradio
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp lies inside .venv, so that a new environment installs again; it is written only after pip has succeeded.
.venv/.runtime: requirements.txt constraints.txt | venv
	@echo '==> Installing the runtime packages into .venv (once; a minute or more)'
	@$(PIP) -r requirements.txt
	@touch $@

.venv/.dev: requirements-dev.txt requirements.txt constraints.txt | venv
	@echo '==> Installing the runtime and test packages into .venv (once; a minute or more)'
	@$(PIP) -r requirements-dev.txt
	@touch $@ .venv/.runtime

.venv/.train: requirements-train.txt requirements.txt constraints.txt | venv .venv/.dev
	@echo '==> Installing the training packages into .venv (once; several gigabytes, some minutes)'
	@$(PIP) -r requirements-train.txt
	@touch $@

# Debian and Ubuntu ship python3 without the venv module; root can add it, others are told its name.
venv:
	@if [ -e .venv/.made ] && $(BIN)/python -c '' 2>/dev/null; then exit 0; fi; \
	chosen=; seen=; \
	for name in $(or $(PYTHON),python3.11 python3.12 python3.13 python3.14 python3 python); do \
	  if "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	    chosen=$$name; \
	    if "$$name" -c 'import ensurepip, venv' 2>/dev/null; then break; fi; \
	  elif command -v "$$name" >/dev/null; then seen="$$seen $$name ($$("$$name" --version 2>&1 | tail -n 1))"; fi; \
	done; \
	if [ -z "$$chosen" ]; then \
	  echo 'Python 3.11 or newer is needed; looked for $(or $(PYTHON),python3.11 to python3.14, python3 and python).' >&2; \
	  echo "Found:$${seen:- none}. Install a newer one, or name it: make PYTHON=/path/to/python3 ..." >&2; \
	  exit 1; \
	fi; \
	if ! "$$chosen" -c 'import ensurepip, venv' 2>/dev/null; then \
	  package=$$("$$chosen" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])'); \
	  if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	    echo "==> Installing Debian's $$package"; \
	    apt-get update -qq >/dev/null && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$$package" >/dev/null; \
	  else \
	    echo "$$chosen lacks its venv module. On Debian or Ubuntu: apt-get install $$package" >&2; exit 1; \
	  fi; \
	fi; \
	echo "==> Making .venv with $$("$$chosen" --version)"; \
	"$$chosen" -m venv --clear .venv && touch .venv/.made

# The browser tests skip with their reason when there is no browser, so a failure here is only a note.
browser:
	@for name in chromium chromium-browser google-chrome; do command -v "$$name" >/dev/null && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
	  echo "==> Installing Debian's chromium for the browser tests"; \
	  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; } \
	    >/dev/null 2>&1 || echo 'Note: chromium could not be installed; the browser tests will be skipped.'; \
	else \
	  echo 'Note: no chromium found; the browser tests will be skipped.'; \
	fi
