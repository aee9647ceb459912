# Every target sets itself up: a virtual environment in .venv with the versions that requirements.lock pins. What the tests
# run with is compared with the hashes of requirements.hashes as well; both are of one resolution (`make lock`).
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# The demo needs the program and its sandbox alone; everything else needs the tools of the tests as well.
DEMO := $(VENV)/.demo
STAMP := $(VENV)/.installed
INSTALL := pip install --quiet --disable-pip-version-check --no-compile
PIP := $(BIN)/$(INSTALL)
# pip wants to see hashes of everything or of nothing, so it may not go looking for more; `pip check` says if one is missing.
HASHED := --no-deps --require-hashes --requirement
# What looks at the supply chain has an environment of its own, whose versions need not agree with those of the program.
SUPPLY := build/supply/bin
SUPPLIED := build/supply/.installed
SBOM ?= build/sbom.json
NEW_ENOUGH := @$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed; say which with: make PYTHON=python3.12 demo")'
NEWEST := build/newest/bin
COMPILE := $(SUPPLY)/uv pip compile --quiet --universal --python-version 3.11 --no-annotate --no-header --no-emit-index-url
# The page's tests need a browser and npm, which no Python registry brings. CI always has them (.ci/run).
AXE := $(if $(shell command -v npm),tests/acceptance/node_modules/.package-lock.json)
WORKERS ?= 2
# The date on the man pages: the one of the commit, so that it does not depend on the day of the build.
COMMITTED = $(or $(SOURCE_DATE_EPOCH),$(shell git log -1 --format=%ct 2>/dev/null),0)

.PHONY: demo unit test coverage soak pythons mutate bench check fmt readme docs screenshots lock licenses sbom audit newest wheel dist man clean help
.DEFAULT_GOAL := help

help:  ## show the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-8s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: $(DEMO)  ## migrate 2,000 made-up users, sandbox to sandbox
	$(BIN)/migrator demo

unit: $(STAMP)  ## the fast tests: no server, no PostgreSQL, no browser
	$(BIN)/pytest -n $(WORKERS) -q tests/unit $(ARGS)

test: $(STAMP) $(SUPPLIED) $(AXE)  ## the suite, on SQLite and on a real PostgreSQL; COVERAGE=1 measures what runs in the tests' own processes
	$(BIN)/pytest -n $(WORKERS) --dist worksteal $(if $(COVERAGE),--cov --cov-report=term) $(ARGS)

coverage: $(STAMP) $(SUPPLIED) $(AXE)  ## the same, slower, with the coverage of the commands that tests start; below 90 % it fails
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

check: $(STAMP) audit  ## format, lint, types, docstrings, spelling, known vulnerabilities, the sandbox against the OpenAPI file
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

lock: $(SUPPLIED)  ## resolve the ranges of pyproject.toml anew
	$(COMPILE) --all-extras --upgrade pyproject.toml -o requirements.lock
	$(COMPILE) --all-extras --generate-hashes --constraint requirements.lock --upgrade pyproject.toml -o requirements.hashes
	$(COMPILE) --group supply --generate-hashes --upgrade -o tests/supply.hashes

licenses: $(STAMP)  ## write docs/licenses.md: every dependency with its license
	$(BIN)/python tests/support/licenses.py > docs/licenses.md

sbom: $(SUPPLIED)  ## write what requirements.lock pins as CycloneDX, into build/sbom.json
	$(SUPPLY)/python -W ignore::UserWarning -m cyclonedx_py requirements --pyproject pyproject.toml --mc-type application \
	  --output-reproducible --output-file $(SBOM) requirements.hashes

audit: $(SUPPLIED)  ## known vulnerabilities of what requirements.lock pins; says so where nobody can be asked
	$(SUPPLY)/python tests/support/audit.py requirements.hashes

newest:  ## the tests of the transport with the newest urllib3 and requests that pyproject.toml allows
	$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear build/newest
	$(NEWEST)/$(INSTALL) $(HASHED) requirements.hashes
	$(NEWEST)/$(INSTALL) --no-build-isolation --upgrade --editable . requests urllib3
	$(NEWEST)/pip list --disable-pip-version-check | grep -E '^(requests|urllib3) '
	$(NEWEST)/pytest -q tests/unit/http tests/integration/http

clean:  ## remove everything that the targets made
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist demo mutants tests/acceptance/node_modules

tests/acceptance/node_modules/.package-lock.json: tests/acceptance/package-lock.json
	npm ci --silent --no-audit --no-fund --prefix tests/acceptance
	touch $@

$(DEMO): requirements.lock pyproject.toml
	rm -f $(STAMP)
	$(NEW_ENOUGH)
	$(PYTHON) -m venv $(VENV)
	$(PIP) --constraint requirements.lock --editable '.[sandbox]'
	touch $@

# pip has no file of an editable program whose hash it could compare, so the demo comes without hashes, and what it installed
# does not stay for the tests.
$(STAMP): requirements.hashes pyproject.toml
	$(NEW_ENOUGH)
	test -e $@ || $(PYTHON) -m venv --clear $(VENV)
	$(PIP) $(HASHED) requirements.hashes
	$(PIP) --no-deps --no-build-isolation --editable .
	$(BIN)/pip check --quiet --disable-pip-version-check
	touch $(DEMO) $@

$(SUPPLIED): tests/supply.hashes
	$(NEW_ENOUGH)
	$(PYTHON) -m venv --clear build/supply
	$(SUPPLY)/$(INSTALL) $(HASHED) tests/supply.hashes
	touch $@
