PYTHON ?= python3
BIN := .venv/bin
BENCH := .venv-bench/bin
DOCS := .venv-docs/bin
AUDIT := .venv-audit/bin
LOCKED := -m pip --disable-pip-version-check install --quiet --require-hashes
EDITABLE := -m pip --disable-pip-version-check install --quiet --no-deps --no-build-isolation -e .
COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes \
	--no-emit-index-url --system-certs --custom-compile-command 'make lock' $(UPGRADE)
# Python-only work never needs Node: what does is left out where there is none.
LAB := $(if $(shell command -v npm),.venv/lab)
LAB_SOURCES := package.json $(wildcard labextension/*.js* labextension/s*/* labextension/src/*/*)

.DEFAULT_GOAL := help
.PHONY: help dev lab demo test lint fix gen gen-check docs audit bench lock clean

help:  ## say what the targets do
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 12

dev: .venv/dev $(LAB)  ## set up .venv with the package (editable) and all tools; PYTHON=python3.12 chooses

lab: .venv/dev .venv/lab  ## start JupyterLab with the extension and a Vault, on example notebooks
	@$(BIN)/mlsec demo --lab $(ARGS)

demo: .venv/demo  ## scan example notebooks, commit one through the filter, run one with a secret
	$(BIN)/mlsec demo

test: lint gen-check docs $(LAB)  ## lint, types, import contracts, generated files, the docs, all tests
	$(if $(LAB),npm run --silent test)
	$(BIN)/pytest -n 2 $(ARGS)

lint: .venv/dev $(LAB)  ## ruff, mypy, import contracts; eslint and prettier where Node is
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(if $(LAB),npm run --silent lint)

fix: .venv/dev $(LAB)  ## format, and mend what ruff can mend
	$(BIN)/ruff check --fix
	$(BIN)/ruff format
	$(if $(LAB),npm run --silent format)

gen: .venv/dev  ## write the generated documentation and configuration schema
	$(BIN)/python docs/generate.py

gen-check: .venv/dev  ## fail if a generated file is stale
	$(BIN)/python docs/generate.py --check

docs: .venv-docs/ready  ## build the documentation as a site, into docs/_site
	$(DOCS)/sphinx-build -q -W --keep-going -b html docs docs/_site
	@echo "docs/_site/index.html"

audit: .venv-audit/ready  ## known holes in what the locks name, and what is unsafe in workflows
	$(AUDIT)/zizmor --quiet --offline .
	for lock in requirements/*.txt; do $(AUDIT)/pip-audit --strict --disable-pip --require-hashes -r $$lock || exit 1; done

bench: .venv-bench/ready  ## measure against the peers (several minutes)
	$(BENCH)/python -m bench $(ARGS)

lock: .venv/dev  ## lock the requirements anew; UPGRADE=--upgrade takes newer versions
	$(COMPILE) pyproject.toml requirements/build.in -o requirements/run.txt
	$(COMPILE) requirements/dev.in -c requirements/run.txt -o requirements/dev.txt
	$(COMPILE) --extra vault pyproject.toml requirements/demo.in -c requirements/dev.txt \
		-o requirements/demo.txt
	$(COMPILE) --no-deps requirements/ipykernel6.in -o requirements/ipykernel6.txt
	$(COMPILE) requirements/docs.in -o requirements/docs.txt
	$(COMPILE) requirements/audit.in -o requirements/audit.txt
	$(COMPILE) requirements/bench.in -c requirements/dev.txt -o requirements/bench.txt

clean:  ## remove environments, caches and builds
	rm -rf .venv .venv-bench .venv-docs .venv-audit docs/_site build dist .hypothesis .import_linter_cache .mypy_cache .pytest_cache \
		.ruff_cache node_modules jupyter_mlsec/labextension labextension/lib labextension/*.tsbuildinfo
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The JupyterLab extension, built for this checkout and found by its JupyterLab.
.venv/lab: .venv/dev node_modules/.package-lock.json $(LAB_SOURCES)
	PATH="$(CURDIR)/$(BIN):$$PATH" npm run --silent build:prod
	mkdir -p .venv/share/jupyter/labextensions
	rm -rf .venv/share/jupyter/labextensions/jupyter-mlsec
	ln -s "$(CURDIR)/jupyter_mlsec/labextension" .venv/share/jupyter/labextensions/jupyter-mlsec
	@touch $@

node_modules/.package-lock.json: package-lock.json
	npm ci --no-audit --no-fund --ignore-scripts
	@touch $@

# An environment is made once, and again when its locks or pyproject.toml change.
.venv/run: requirements/run.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv
	$(BIN)/python $(LOCKED) -r requirements/run.txt
	$(BIN)/python $(EDITABLE)
	@touch $@

.venv/demo: .venv/run requirements/demo.txt
	$(BIN)/python $(LOCKED) -r requirements/demo.txt
	@touch $@

.venv/dev: .venv/run requirements/dev.txt
	$(BIN)/python $(LOCKED) -r requirements/dev.txt
	@touch $@

.venv-bench/ready: requirements/run.txt requirements/bench.txt pyproject.toml
	$(PYTHON) -m venv --clear .venv-bench
	$(BENCH)/python $(LOCKED) -r requirements/run.txt
	$(BENCH)/python $(LOCKED) -r requirements/bench.txt
	$(BENCH)/python $(EDITABLE)
	@touch $@

.venv-docs/ready: requirements/docs.txt
	$(PYTHON) -m venv --clear .venv-docs
	$(DOCS)/python $(LOCKED) -r requirements/docs.txt
	@touch $@

.venv-audit/ready: requirements/audit.txt
	$(PYTHON) -m venv --clear .venv-audit
	$(AUDIT)/python $(LOCKED) -r requirements/audit.txt
	@touch $@
