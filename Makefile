.PHONY: demo test bench clean
PYTHON ?= python3
BIN := .venv/bin
DATA ?=

.venv/installed: pyproject.toml
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[test]'
	touch $@

demo: .venv/installed
	$(BIN)/gatherum demo $(if $(DATA),--data '$(DATA)')

test: .venv/installed
	$(BIN)/ruff check gatherum tests bench docs
	$(BIN)/basedpyright --level warning
	$(BIN)/lint-imports --no-cache
	$(BIN)/python docs/build.py --check
	$(BIN)/python -m gatherum.kernels.compiler
	$(BIN)/python -m pytest -n 2
	$(BIN)/python -m tests.conformance.check

bench: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check -e '.[bench]'
	$(BIN)/python -m bench

clean:
	rm -rf .venv demo-data
