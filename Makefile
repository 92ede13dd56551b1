# smpp-connector: every target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: demo test check scenarios scenarios-real interop bench chart schemas clean

demo: $(STAMP)  ## the main job on embedded servers, end to end
	@$(BIN)/smpp-connector sandbox demo

test: check  ## everything that proves the code, on real embedded servers
	@$(BIN)/python -m pytest --cov --cov-report=term:skip-covered --cov-fail-under=$(if $(PYTEST_ARGS),0,90) $(PYTEST_ARGS)

check: $(STAMP)  ## types, lint and import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

scenarios: $(STAMP)  ## sessions under faults, with shortened timers
	@$(BIN)/python -m pytest -m "not real_timers" tests/scenarios $(PYTEST_ARGS)

scenarios-real: $(STAMP)  ## the same at the specification's timers
	@$(BIN)/python -m pytest -m real_timers --timeout=900 tests/scenarios $(PYTEST_ARGS)

interop: $(STAMP)  ## with SMPP programs of others, which it installs into .interop; INTEROP_SECONDS=600 for long
	@$(BIN)/python -m pytest --timeout=1800 tests/interop $(PYTEST_ARGS)

bench: $(STAMP)  ## throughput and cost, on this machine
	@$(BIN)/python -m loadtest.bench $(BENCH_ARGS)

chart: $(VENV)/.chart  ## the Helm chart: lint, whole resources, schemas of Kubernetes, NetworkPolicy, secrets, alerts
	@$(BIN)/python -m pytest -rs tests/chart $(PYTEST_ARGS)
	@mkdir -p dist && $(BIN)/helm package helm/smpp-connector --destination dist

schemas: $(STAMP)  ## the JSON Schemas and the pacts anew, after a change of an event, the dispatch or the operator's settings
	@$(BIN)/python -m messages.schemas
	@PYTHONPATH=tests/support $(BIN)/python -m pact_files

clean:  ## removes what the targets above made
	rm -rf $(VENV) .interop .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*

$(STAMP): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name it with PYTHON=...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[sandbox,test,dev]'
	@touch $@

$(VENV)/.chart: $(STAMP)
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[chart]'
	@touch $@
