# Each target works as the first command in a fresh clone: it needs Python >= 3.10 and make, nothing else.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DIST := dist
SITE := site
PACKAGES := packages/dagster-managed-elements packages/dagster-airbyte packages/airbyte-local
LOCKS := packages/airbyte-local/src/airbyte_local/connectors/external/locks
PYTEST := $(BIN)/python -m pytest

# Either one set makes every child Python compile its imports again.
unexport PYTHONDONTWRITEBYTECODE PYTHONUNBUFFERED PYTHONPATH

.PHONY: setup demo dist docs test test-slow lint format bench requirements clean
.DEFAULT_GOAL := setup

setup: $(VENV)/test.stamp

$(BIN)/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or later is needed: make PYTHON=/path/to/python3.11")'
	$(PYTHON) -m venv $(VENV)

# One stamp a requirement set: demo is the smallest, test (with what lint needs) and docs hold it.
$(VENV)/%.stamp: requirements/%.txt $(PACKAGES:%=%/pyproject.toml) | $(BIN)/python
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

demo: $(VENV)/demo.stamp
	@$(BIN)/python examples/cereals/demo.py

# The wheels of the three distributions, which no package index has.
dist: $(VENV)/demo.stamp
	rm -rf $(DIST)
	@for package in $(PACKAGES); do \
	  (cd $$package && $(CURDIR)/$(BIN)/python -m hatchling build --target wheel --directory $(abspath $(DIST))) || exit 1; done

# The documentation as a site. A link that leads nowhere, or a name that is gone, is an error: a warning, which --strict
# counts, unless --quiet keeps them from being made.
docs: $(VENV)/docs.stamp
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --site-dir $(abspath $(SITE))
	@echo "Open $(SITE)/index.html"

test: $(VENV)/test.stamp
	$(PYTEST) -m "not slow" -n 2

test-slow: $(VENV)/test.stamp
	$(PYTEST) -m slow -n 2

lint: $(VENV)/test.stamp
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/pyright
	$(BIN)/lint-imports

format: $(VENV)/test.stamp
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# ARGS="--pairs 1,100,1000,10000" for more; ARGS="--write docs/performance.md" writes the page instead of printing it.
bench: $(VENV)/test.stamp
	@$(BIN)/python -m benchmarks $(ARGS)

# Compiled for every supported Python at once, connectors for theirs; the address of the index in use reaches no file.
requirements:
	for set in requirements/demo requirements/test requirements/docs $(basename $(wildcard tests/clients/*.in)); do \
	  uv pip compile --quiet --universal --python-version 3.10 --generate-hashes --no-strip-extras --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links -o $$set.txt $$set.in || exit 1; done
	for set in $(basename $(wildcard $(LOCKS)/*.in)); do \
	  uv pip compile --quiet --universal --python-version 3.11 --no-header --no-annotate \
	  --no-emit-index-url --no-emit-find-links $$(ls $$set.overrides 2>/dev/null | sed 's/^/--override /') \
	  -o $$set.txt $$set.in || exit 1; done

clean:
	rm -rf $(VENV) .venv-clients .venv-docs .airbyte-local $(DIST) $(SITE)
