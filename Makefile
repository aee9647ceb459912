# Every target sets itself up: a virtual environment in .venv with the versions that requirements.lock pins.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The demo needs the program and its sandbox alone; everything else needs the tools of the tests as well.
DEMO := $(VENV)/.demo
STAMP := $(VENV)/.installed
PIP := $(BIN)/pip install --quiet --disable-pip-version-check --no-compile
# The page's tests need a browser and npm, which no Python registry brings. CI always has them (.ci/run).
AXE := $(if $(shell command -v npm),tests/acceptance/node_modules/.package-lock.json)
WORKERS ?= 2
# The date on the man pages: the one of the commit, so that it does not depend on the day of the build.
COMMITTED = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)

.PHONY: demo unit test coverage soak pythons mutate bench check fmt readme docs screenshots lock wheel dist man clean help
.DEFAULT_GOAL := help

help:  ## show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO)  ## migrate 2,000 made-up users, sandbox to sandbox
	$(BIN)/migrator demo

unit: $(STAMP)  ## the fast tests: no server, no PostgreSQL, no browser
	$(BIN)/pytest -n $(WORKERS) -q tests/unit $(ARGS)

test: $(STAMP) $(AXE)  ## the suite, on SQLite and on a real PostgreSQL; COVERAGE=1 measures what runs in the tests' own processes
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(if $(COVERAGE),--cov --cov-report=term) $(ARGS)

coverage: $(STAMP) $(AXE)  ## the same, slower, with the coverage of the commands that tests start; below 90 % it fails
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --cov --cov-config=tests/coverage.toml --cov-report=term $(ARGS)

soak: $(STAMP)  ## the large counts: thousands of seeds, an hour or more
	$(BIN)/pytest -n $(WORKERS) --dist worksteal -m soak $(ARGS)
	$(BIN)/pytest -n $(WORKERS) --dist worksteal --timeout 3000 --hypothesis-profile=soak tests/property/test_normalize.py \
	  tests/property/test_checkpoint_model.py

pythons: $(STAMP)  ## the installed wheel, demo included, under every Python 3.11 to 3.14 that is on this machine
	$(BIN)/pytest -q -m soak tests/acceptance/test_pythons.py $(ARGS)

mutate: $(STAMP)  ## mutation testing of the core (docs/mutation.md), most of an hour
	$(BIN)/python tests/bench/mutate.py $(ARGS)

bench: $(STAMP)  ## benchmarks on an idle machine; renews docs/performance.md. ARGS="--users 100000" for more
	$(BIN)/python tests/bench/bench_migration.py --record $(ARGS)

check: $(STAMP)  ## format, lint, types, docstrings, spelling, and the sandbox against the OpenAPI file
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/interrogate -q migrator migrations
	$(BIN)/codespell
	$(BIN)/pytest -q tests/contract/test_schemathesis.py

fmt: $(STAMP)  ## repair format and what ruff can repair
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

readme: $(STAMP)  ## renew the --help blocks and screens of README.md and docs
	$(BIN)/python tests/support/readme.py

docs: $(STAMP)  ## build the documentation site into build/docs; every warning is an error
	$(BIN)/sphinx-build -W --keep-going -E -q -b html -d build/doctrees -c docs . build/docs

screenshots: $(STAMP)  ## take the pictures of docs/report.md anew; needs Chromium
	$(BIN)/python tests/support/screenshots.py

wheel: $(STAMP)  ## build the wheel into dist
	$(BIN)/python -m hatchling build -t wheel -d dist

dist: $(STAMP)  ## build the wheel and the source distribution into dist; the same sources give the same bytes
	$(BIN)/python -m hatchling build -t sdist -t wheel -d dist

man: $(STAMP)  ## write a man page for each command into dist/man
	mkdir -p dist/man
	SOURCE_DATE_EPOCH=$(COMMITTED) $(BIN)/click-man migrator --target dist/man

lock: $(STAMP)  ## resolve the ranges of pyproject.toml anew
	$(BIN)/pip install --quiet uv
	$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --all-extras --no-annotate --no-header \
	  --no-emit-index-url --upgrade pyproject.toml -o requirements.lock

clean:  ## remove everything that the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist demo mutants tests/acceptance/node_modules

tests/acceptance/node_modules/.package-lock.json: tests/acceptance/package-lock.json
	npm ci --silent --no-audit --no-fund --prefix tests/acceptance
	touch $@

$(DEMO): requirements.lock pyproject.toml
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 demo")'
	$(PYTHON) -m venv $(VENV)
	$(PIP) --constraint requirements.lock --editable '.[sandbox]'
	touch $@

$(STAMP): $(DEMO)
	$(PIP) -r requirements.lock
	touch $@
