# smpp-connector: every target sets up what it needs.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
VERSION := $(shell sed -n 's/^version = //p' setup.cfg)
FUZZ_SECONDS ?= 60
IMAGE ?= smpp-connector:$(VERSION)
BASE_IMAGE ?= python:3.13-slim-trixie
# Settings of pip and apt for the build, and a CA that pip.conf may name as /run/secrets/ca.pem; none is left in the image.
PIP_CONF ?=
CA_PEM ?=
APT_CONF ?=
VAULT ?= $(firstword $(wildcard .vault/vault) $(shell command -v vault || command -v bao))
SOAK_SECONDS ?= 1800
secret = $(if $(2),--secret id=$(1)$(comma)src=$(2))
comma := ,
BUILD_SECRETS = $(call secret,pip.conf,$(PIP_CONF)) $(call secret,ca.pem,$(CA_PEM)) $(call secret,apt.conf,$(APT_CONF))
LOCK = $(BIN)/uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-header

.PHONY: demo test test-containers test-images check scenarios scenarios-real chaos privacy interop fuzz bench load growth bench-peers
.PHONY: bench-scrape bench-smsc bench-sweep bench-throttle pressure soak audit vault chart observability schemas rolling sizing image base-image lock clean

demo: $(STAMP)  ## the main job on embedded servers, end to end
	@$(BIN)/smpp-connector sandbox demo

test: check  ## everything that proves the code, on real embedded servers
	@$(BIN)/python -m pytest $(if $(CI),-rR) --cov --cov-report=term:skip-covered --cov-fail-under=$(if $(PYTEST_ARGS),0,90) $(PYTEST_ARGS)

test-containers: $(VENV)/.containers  ## the tests of the servers' adapters and of the main job, with servers in containers; needs docker
	@TEST_CONTAINERS=1 $(BIN)/python -m pytest tests/integration/postgres tests/integration/redis tests/e2e/test_main_job.py $(PYTEST_ARGS)

test-images: base-image  ## servers for test-containers where no registry of images can be reached
	@for server in nats postgres redis; do \
		DOCKER_BUILDKIT=1 docker build -q -t smpp-connector-test-$$server --target $$server $(BUILD_SECRETS) \
			--build-arg BASE_IMAGE=smpp-connector-base:trixie tests/containers || exit 1; \
	done

check: $(STAMP)  ## types, lint and import directions
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check -q .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

scenarios: $(STAMP)  ## sessions under faults, with shortened timers
	@$(BIN)/python -m pytest -m "not real_timers" tests/scenarios --ignore=tests/scenarios/rolling $(PYTEST_ARGS)

scenarios-real: $(STAMP)  ## the same at the specification's timers
	@$(BIN)/python -m pytest -m real_timers --timeout=900 tests/scenarios --ignore=tests/scenarios/rolling $(PYTEST_ARGS)

chaos: $(STAMP)  ## the crash matrix, 20 minutes; CHAOS_ARGS="-k kill" for a part; writes the table of docs/reliability.md
	@$(BIN)/python -m pytest -rs --page docs/reliability.md tests/chaos $(CHAOS_ARGS)

privacy: $(STAMP)  ## marked values in no output: whole flow, demonstration, scenarios, crash matrix; PRIVACY_ARGS="-k kill" for a part
	@$(BIN)/python -m pytest tests/unit/test_leak_search.py tests/e2e/test_privacy.py tests/privacy $(PYTEST_ARGS)
	@PYTHONPATH=tests/support $(BIN)/python -m pytest -p privacy_watch -m "not real_timers" \
		--ignore=tests/scenarios/rolling tests/scenarios tests/chaos $(PRIVACY_ARGS)

interop: $(STAMP)  ## with SMPP programs of others, which it installs into .interop; INTEROP_SECONDS=600 for long
	@$(BIN)/python -m pytest --timeout=1800 tests/interop $(PYTEST_ARGS)

fuzz: $(VENV)/.fuzz  ## what reads the octets of others, coverage-guided; FUZZ_SECONDS=600 for long
	@$(BIN)/python -m fuzz --seconds $(FUZZ_SECONDS)

bench: $(STAMP)  ## throughput and cost, on this machine
	@$(BIN)/python -m loadtest.bench $(BENCH_ARGS)

load: $(STAMP)  ## Locust against a sandbox; LOAD_ARGS="--host nats://... --nkey-seed-file ..." against a cluster
	@$(BIN)/python -m loadtest.locusts $(LOAD_ARGS)

bench-peers: $(STAMP)  ## beside Kannel, at the same simulator, in turns; PEERS_ARGS="--rounds 1" for short
	@$(BIN)/python -m loadtest.peers $(PEERS_ARGS)

bench-scrape: $(STAMP)  ## CPU of a scrape of /metrics with 100 operators; SCRAPE_ARGS="--operators 300" for more
	@$(BIN)/python -m loadtest.scrape $(SCRAPE_ARGS)
growth: $(STAMP)  ## cost of a message by operators, correlations, replicas, with charts; GROWTH_ARGS="--most 1000000"
	@$(BIN)/python -m loadtest.growth $(GROWTH_ARGS)

bench-smsc: $(STAMP)  ## submit_sm a second that the simulated SMSC takes on a core, with receipts; SMSC_ARGS="--links 1"
	@$(BIN)/python -m loadtest.smsc $(SMSC_ARGS)

bench-sweep: $(STAMP)  ## the sweep of expired correlations beside the writes; SWEEP_ARGS="--rows 20000000" for large
	@$(BIN)/python -m loadtest.sweep $(SWEEP_ARGS)

bench-throttle: $(STAMP)  ## the TPS limit as SMSCs see it, over two and four replicas
	@$(BIN)/python -m loadtest.throttle $(THROTTLE_ARGS)

pressure: $(STAMP)  ## slow commits, and receipts faster than they can be stored: what every queue holds then
	@$(BIN)/python -m loadtest.pressure $(PRESSURE_ARGS)

soak: $(STAMP)  ## 500 TPS with links cut each minute; SOAK_SECONDS=90 SOAK_ARGS="--cut-every-s 15" for short
	@$(BIN)/python -m loadtest.soak --seconds $(SOAK_SECONDS) $(SOAK_ARGS)

audit: $(VENV)/.audit  ## bandit, dist/sbom.cdx.json, and known advisories of what the image installs (needs the network)
	@mkdir -p build dist
	@$(BIN)/bandit --ini setup.cfg -q -r 2> build/bandit.log
	@printf '[project]\nname = "smpp-connector"\nversion = "$(VERSION)"\n' > build/sbom.toml
	@$(BIN)/python -W ignore -m cyclonedx_py requirements requirements.lock --pyproject build/sbom.toml --mc-type application \
		--of JSON --output-reproducible -o dist/sbom.cdx.json
	@$(BIN)/pip-audit -r requirements.lock -r build-requirements.lock --require-hashes --disable-pip --progress-spinner off \
		--format json > build/advisories.json 2> build/pip-audit.log; $(BIN)/python .ci/advisories.py build/advisories.json

vault: $(STAMP)  ## Vault, operator-management-service, connector, with a real Vault or OpenBao: make vault VAULT=/path/to/vault
	@test -x "$(VAULT)" || { echo "make vault: no vault found; name one with VAULT=..., or build it: tests/vault/build.sh .vault" >&2; exit 2; }
	@VAULT_PROGRAM=$(VAULT) $(BIN)/python -m pytest tests/integration/sandbox/test_vault_credentials.py tests/e2e/test_vault_chain.py \
		$(PYTEST_ARGS)

chart: $(VENV)/.chart  ## the Helm chart: lint, whole resources, schemas of Kubernetes, NetworkPolicy, secrets, alerts
	@$(BIN)/python -m pytest -rs tests/chart $(PYTEST_ARGS)
	@mkdir -p dist && $(BIN)/helm package helm/smpp-connector --destination dist

observability: $(VENV)/.browser  ## a real Prometheus and Alertmanager, the runbook's commands, the status page in Chromium (build/status-page)
	@$(BIN)/python -m pytest -rs tests/observability $(PYTEST_ARGS)

schemas: $(STAMP)  ## the JSON Schemas and the pacts anew, after a change of an event, the dispatch or the operator's settings
	@$(BIN)/python -m messages.schemas
	@PYTHONPATH=tests/support $(BIN)/python -m pact_files

rolling: $(VENV)/.chart  ## an update under load and the probes, as the chart says; with containers too, once there is an image
	@IMAGE=$$(docker image inspect --format $(IMAGE) $(IMAGE) 2>/dev/null || true) \
		$(BIN)/python -m pytest -rs --timeout=900 tests/scenarios/rolling $(PYTEST_ARGS)

sizing: $(STAMP)  ## the image at 100 messages/s for ten minutes, within limits; SIZING_ARGS="--operators 100 --memory 2g"
	@$(BIN)/python -m loadtest.sizing $(IMAGE) $(SIZING_ARGS)

image: $(STAMP)  ## the container image, and the demonstration against it; see docs/decisions/0021-image.md
	@DOCKER_BUILDKIT=1 docker build -q -t $(IMAGE) --build-arg BASE_IMAGE=$(BASE_IMAGE) --build-arg VERSION=$(VERSION) \
		--build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) \
		$(BUILD_SECRETS) .
	@IMAGE=$(IMAGE) $(BIN)/python -m pytest tests/image $(PYTEST_ARGS)

base-image:  ## a base of Debian packages, where no registry can be reached: make image BASE_IMAGE=smpp-connector-base:trixie
	@rm -rf build/base && mkdir -p build
	@debootstrap --variant=minbase --include=python3,python3-venv,ca-certificates trixie build/base > build/base.log
	@tar -C build/base --exclude=./proc --exclude=./sys --exclude='./var/cache/apt/*' --exclude='./var/lib/apt/lists/*' -c . \
		| docker import - smpp-connector-base:trixie
	@rm -rf build/base

lock: $(STAMP)  ## pins what the image installs, with hashes
	@$(LOCK) setup.cfg -o requirements.lock
	@sed -n 's/^requires = \["\(.*\)"\]/\1/p' pyproject.toml | $(LOCK) - -o build-requirements.lock

clean:  ## removes what the targets above made
	rm -rf $(VENV) dist build .interop .vault .fuzz .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis .coverage*

$(STAMP): setup.cfg pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("Python 3.11 or newer is needed; name it with PYTHON=...") if sys.version_info < (3, 11) else None'
	@$(PYTHON) -m venv $(VENV)
	@echo "installing into $(VENV) (once) ..."
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[sandbox,test,load,dev]'
	@touch $@

$(VENV)/.containers: $(STAMP)
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[containers]'
	@touch $@

$(VENV)/.fuzz: $(STAMP)
	@$(BIN)/pip install -q --disable-pip-version-check --only-binary atheris -e '.[fuzz]' 2> $(VENV)/fuzz.log || \
		{ echo "make fuzz: no atheris for this Python, it has wheels for 3.11 to 3.13 on Linux; see $(VENV)/fuzz.log" >&2; exit 2; }
	@touch $@

$(VENV)/.browser: $(STAMP)
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[browser]'
	@touch $@

$(VENV)/.audit: $(STAMP)
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[audit]'
	@touch $@

$(VENV)/.chart: $(STAMP)
	@$(BIN)/pip install -q --disable-pip-version-check -e '.[chart]'
	@touch $@
