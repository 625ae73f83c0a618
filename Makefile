# demo, test, check, bench, fuzz. Each makes .venv and installs what it needs first.

PYTHON ?= $(shell command -v python3.11 || command -v python3)
BIN := .venv/bin
INSTALL := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint infra/constraints.txt

.PHONY: demo test check bench fuzz

demo: .venv/base.done
	$(BIN)/prealign build examples/demo.toml
	$(BIN)/prealign pull work/demo/dataset --to work/demo/pulled --replace
	$(BIN)/prealign verify work/demo/pulled
	$(BIN)/python examples/look.py work/demo/pulled everyday/forum-thread-neighbours-cat
	@cat examples/next.txt

test: .venv/test.done
	$(BIN)/pytest -n 2 tests/unit tests/contract tests/golden
	$(BIN)/pytest -n 2 tests/e2e

check: .venv/test.done
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/lint-imports
	$(BIN)/mypy

bench: .venv/test.done
	$(BIN)/python -m tests.bench.voices
	$(BIN)/python -m tests.bench.own
	$(BIN)/python -m tests.bench.engines

fuzz: .venv/test.done
	$(INSTALL) --editable '.[fuzz]'
	$(BIN)/python -m tests.fuzz.voices -runs=1000000

.venv/base.done: pyproject.toml infra/constraints.txt
	$(PYTHON) -m venv .venv
	$(INSTALL) --editable .
	touch $@

# CPU builds of torch lie on an index of their own, unless pip has been told of another place.
TORCH := torch==2.13.0+cpu

.venv/test.done: .venv/base.done
	$(INSTALL) $(TORCH) || $(INSTALL) --extra-index-url https://download.pytorch.org/whl/cpu $(TORCH)
	$(INSTALL) --editable '.[test]'
	$(BIN)/python -m pip uninstall --quiet --yes torchvision torchaudio torchcodec
	touch $@
