# make run    set up if needed, then serve the pages and print their address
# make test   set up if needed, then lint, types and every test
# make bench  measure speed; docs/speed.md says how to read it
# Settings: PYTHON, TORCH_INDEX (address of PyTorch's CPU builds), HOST, PORT,
# PYTEST (what pytest is to run, instead of everything),
# MATCALC_PYTHON (Python of an environment with matcalc, for make bench)

PYTHON ?= python3
TORCH_INDEX ?=
HOST ?=
PORT ?=
PYTEST ?=
MATCALC_PYTHON ?=
TORCHANI_PYTHON ?=

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check
TORCH := $(shell sed -n 's/^torch==//p' requirements.lock)
TORCH_SOURCE := $(if $(TORCH_INDEX),--extra-index-url $(TORCH_INDEX))
SOURCES := $(wildcard app.py) pages jobs properties mlpcore tests benchmarks
COMPILE := CUSTOM_COMPILE_COMMAND="make lock" $(BIN)/pip-compile --quiet --strip-extras \
  --no-allow-unsafe --unsafe-package pip --no-emit-index-url --no-emit-find-links --no-emit-trusted-host --no-emit-options

.DELETE_ON_ERROR:
.PHONY: setup setup-dev run test check tests lock bench clean

setup: .venv/setup.stamp

setup-dev: .venv/setup-dev.stamp

# A +cpu build is taken where one is on offer. Elsewhere the plain one is: that is the
# CPU build too on macOS and Windows, and the one for NVIDIA GPUs on Linux.
.venv/setup.stamp: requirements.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo \
	  "Python 3.11 or later is needed, but $(PYTHON) is older or missing. Install it, or name another one: make PYTHON=python3.12" >&2; exit 1; }
	@$(PYTHON) -m venv .venv || { echo \
	  "The environment could not be made. On Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	@echo "Installing PyTorch $(TORCH) …"
	@$(PIP) install --quiet --no-deps $(TORCH_SOURCE) "torch==$(TORCH)+cpu" 2> .venv/torch.log || { \
	  echo "No CPU-only build on offer; the standard one is taken (on Linux it is large: see README, Installing)."; \
	  $(PIP) install --quiet $(TORCH_SOURCE) --constraint requirements.lock "torch==$(TORCH)"; }
	@echo "Installing the other packages …"
	@$(PIP) install --quiet --use-pep517 --no-deps --requirement requirements.lock
	@touch $@

.venv/setup-dev.stamp: .venv/setup.stamp requirements-dev.lock
	@echo "Installing the tools for tests …"
	@$(PIP) install --quiet --use-pep517 --no-deps --requirement requirements-dev.lock
	@$(PIP) check
	@touch $@

.venv/chromium.stamp: .venv/setup-dev.stamp
	@./.ci/chromium
	@touch $@

.venv/water_committee.stamp: .venv/setup-dev.stamp
	@./.ci/water_committee
	@touch $@

# Compiled ahead, so that the first job need not wait; without a compiler it says so.
.venv/engine.stamp: .venv/setup.stamp $(wildcard mlpcore/engine/*.[ch])
	@$(BIN)/python -m mlpcore.engine >/dev/null || true
	@touch $@

run: .venv/engine.stamp
	@$(if $(HOST),LATTICE_LAB_HOST=$(HOST)) $(if $(PORT),LATTICE_LAB_PORT=$(PORT)) $(BIN)/python -m jobs serve

check: setup-dev
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/mypy

test: check tests

# The tests of the browser come by themselves: beside others they would run out of time.
tests: .venv/chromium.stamp .venv/water_committee.stamp
ifeq ($(PYTEST),)
	$(BIN)/pytest --numprocesses 2 --dist loadfile --ignore tests/e2e
	$(BIN)/pytest tests/e2e
else
	$(BIN)/pytest $(PYTEST)
endif

lock: setup-dev
	$(COMPILE) --output-file requirements.lock pyproject.toml
	$(COMPILE) --extra dev --constraint requirements.lock --output-file requirements-dev.lock pyproject.toml
	sed -i.old -E 's/^(torch==[0-9.]+)\+.*/\1/' requirements.lock requirements-dev.lock
	rm -f requirements.lock.old requirements-dev.lock.old

bench: setup
	@for script in benchmarks/*.py; do echo "== $$script"; MATCALC_PYTHON="$(MATCALC_PYTHON)" TORCHANI_PYTHON="$(TORCHANI_PYTHON)" $(BIN)/python "$$script" || exit 1; done

clean:
	rm -rf .venv .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
