# Everything a developer does here. Each target makes .venv by itself: it takes Python 3.11 or later, pip and make.
#   make demo                      the bot in a browser, without a Discord account: ARGS="--no-browser --port 8000"
#   make test                      the tests: ARGS="-k vault"
#   make test-fast                 the tests that start no bot, in less than a minute
#   make check                     every gate that CI has
#   make prove                     what is promised, with processes that are killed and disturbed, in some 35 minutes:
#                                  ARGS="--record" or ARGS="power_cuts"
#   make bench                     the figures of docs/benchmarks.md, with what each is compared with, in half an hour:
#                                  ARGS="--record" or ARGS="commands polling"; ARGS=growth takes 20 minutes more
#   make bench-quick               a round of the short ones, in two minutes
#   make format                    what ruff can mend
#   make lock                      requirements/*.txt anew: UPGRADE=--upgrade takes new versions
#   make audit                     what is known to be insecure: in the code, the Dockerfile, the locked packages;
#                                  fails as well if OSV could not be asked
#   make --silent sbom > sbom.json what the image consists of, as CycloneDX
#   make docs                      what the documents take from commands, texts and settings, in both languages
#   make screenshots               the pictures in docs/

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test test-fast docs check prove bench bench-quick format lint audit sbom lock screenshots chromium

PYTHON ?= python3
BIN := .venv/bin
READY := .venv/ready
DEMO_READY := .venv/demo-ready
CHECK_PYTHON = $(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is wanted: make PYTHON=python3.11")'
# One more than there are cores, because many tests wait for another process.
JOBS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))
PYTEST := $(BIN)/python -m pytest -n $(JOBS) --dist worksteal --durations=10

help:
	@sed -n 's/^#   //p' Makefile

# ready: the locked packages are installed, with their hashes compared, and the work tree is on the path
$(READY): requirements/dev.txt requirements/build.txt pyproject.toml
	@$(CHECK_PYTHON)
	test -x $(BIN)/python || sh .ci/venv.sh $(PYTHON)
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes -r requirements/build.txt
	$(BIN)/python -m pip install --quiet --no-deps --require-hashes --no-build-isolation -r requirements/dev.txt
	$(BIN)/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

# demo-ready: what the demo needs is installed, and nothing else. Python compiles the modules that it imports.
# `make test` adds the rest.
$(DEMO_READY): requirements/demo.txt requirements/build.txt pyproject.toml
	@$(CHECK_PYTHON)
	test -x $(BIN)/python || sh .ci/venv.sh $(PYTHON)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-compile \
		--require-hashes -r requirements/build.txt -r requirements/demo.txt
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--editable .
	touch $@

demo: $(DEMO_READY)
	$(BIN)/patchbay demo $(ARGS)

test: $(READY) chromium
	$(PYTEST) $(ARGS)

# The folders whose tests start no bot, no browser and no other process; without what takes seconds by itself.
FAST := $(addprefix tests/,architecture features i18n pictures providers store test_settings.py)
test-fast: $(READY)
	$(PYTEST) -m "not slow" $(FAST) $(ARGS)

docs: $(READY)
	$(BIN)/python -m bot.documents

# `make audit` fails if the advisories could not be asked for; this, which must work without a network, only says so.
check: UNCHECKED := --unchecked-ok
check: $(READY) chromium lint audit
	$(BIN)/python .ci/pythons.py
	$(PYTEST) --engine postgresql tests/store tests/features tests/journeys
	$(PYTEST) $(ARGS)

prove: $(READY)
	$(BIN)/python -m prove $(ARGS)

bench: $(READY)
	$(BIN)/python -m benchmarks $(ARGS)

bench-quick: $(READY)
	$(BIN)/python -m benchmarks --quick

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

audit: $(READY)
	$(BIN)/bandit --quiet --recursive --configfile pyproject.toml bot cogs
	$(BIN)/hadolint Dockerfile
	$(BIN)/python .ci/advisories.py $(UNCHECKED)

sbom: $(READY)
	@$(BIN)/python .ci/sbom.py

format: $(READY)
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

screenshots: $(READY) chromium
	$(BIN)/python -m tests.documents.screenshots $(ARGS)

chromium:
	@sh .ci/chromium.sh

# One resolution for all, in dev.txt, for every Python from the oldest on and for every system: a marker says where a
# package is needed. The other five start from it and keep its versions. They let pip build nothing from source:
# what a build needs has no hash here. forbiddenfruit alone, in dev.txt, has no wheel; build.txt has what builds it.
lock: export UV_CUSTOM_COMPILE_COMMAND = make lock
lock: UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes
lock: WHEELS := --only-binary :all: --emit-build-options
lock: $(READY)
	$(UV_COMPILE) $(UPGRADE) --extra demo --extra postgres --output-file requirements/dev.txt pyproject.toml requirements/dev.in
	for part in run demo postgres build; do cp requirements/dev.txt requirements/$$part.txt; done
	$(UV_COMPILE) $(WHEELS) --output-file requirements/run.txt pyproject.toml
	$(UV_COMPILE) $(WHEELS) --extra demo --output-file requirements/demo.txt pyproject.toml
	$(UV_COMPILE) $(WHEELS) --extra postgres --output-file requirements/postgres.txt pyproject.toml
	$(UV_COMPILE) $(WHEELS) --output-file requirements/build.txt requirements/build.in
	cp requirements/dev.txt benchmarks/hikari.txt
	$(UV_COMPILE) $(WHEELS) --output-file benchmarks/hikari.txt benchmarks/hikari.in
