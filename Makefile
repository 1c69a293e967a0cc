PYTHON ?= python3
VENV := .venv
RUN := $(VENV)/bin
BUILD := build
JOBS ?= 2
FUZZ_INTERPRETED ?= 20000
FUZZ_COMPILED ?= 300

export PIP_DISABLE_PIP_VERSION_CHECK := 1

.PHONY: demo test lint types fuzz clean

demo: $(VENV)/ready
	$(RUN)/python -m adtrans demo

# Compiled gradients are shared by all test processes through a cache that lives and dies with the run.
test: export ADTRANS_CACHE_DIR := $(CURDIR)/$(BUILD)/cache
test: export NUMBA_CACHE_DIR := $(CURDIR)/$(BUILD)/numba
test: lint
	rm -rf $(BUILD)/cache $(BUILD)/numba
	mkdir -p $(BUILD)
	$(RUN)/python -c "import adtrans, sys; assert 'numba' not in sys.modules, 'import adtrans loads Numba'"
	$(RUN)/python -m pytest -n $(JOBS)

lint: $(VENV)/ready
	$(RUN)/ruff check .

types: $(VENV)/ready
	$(RUN)/mypy

fuzz: $(VENV)/ready
	$(RUN)/python -m tests.fuzz.campaign --interpreted $(FUZZ_INTERPRETED) --compiled $(FUZZ_COMPILED) --jobs $(JOBS)

clean:
	rm -rf $(VENV) $(BUILD) dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# An environment without a working pip is one whose making was interrupted: it is made again from nothing.
$(VENV)/ready: pyproject.toml
	@$(RUN)/python -m pip --version >/dev/null 2>&1 || $(PYTHON) -m venv --clear $(VENV)
	$(RUN)/python -m pip install --quiet --editable '.[test,plot]'
	@touch $@
