# Everything a newcomer needs: a machine with Python 3.11+ and make.
PYTHON ?= python3
BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet -c constraints.txt
# torch first and pinned: asked for later, by another package, it would come as a GPU build of several GB.
TORCH := torch==2.13.0
TEST_EXTRAS := train,predict,serve,export,track,explore,sql,hub,aws,ray,lemmas,dev
DEMO_EXTRAS := train,predict,serve,export,track,explore

.PHONY: help demo test quick check format container bench clean
help: ## show this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

.venv/bin/python:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Tamis needs Python 3.11 or newer; call make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv

.venv/demo.done: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) $(TORCH)
	$(PIP) -e '.[$(DEMO_EXTRAS)]'
	@touch $@

.venv/test.done: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) $(TORCH)
	$(PIP) -e '.[$(TEST_EXTRAS)]'
	@touch $@ .venv/demo.done

.venv/bench.done: pyproject.toml constraints.txt | .venv/bin/python
	$(PIP) $(TORCH)
	$(PIP) -e '.[$(DEMO_EXTRAS),bench]'
	@touch $@

demo: .venv/demo.done ## install what it needs, then go from real text to an approved model that answers
	@$(BIN)/tamis demo

test: .venv/test.done ## the whole suite
	@$(BIN)/python -m pytest -n 2 --dist worksteal

quick: .venv/test.done ## the suite without its slow tests
	@$(BIN)/python -m pytest -n 2 -m 'not slow'

check: .venv/test.done ## format, lint, strict types, import contract, docs
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports --no-cache
	@$(BIN)/python -m pytest -n 0 -m 'not slow' tests/test_docs.py tests/test_house.py

format: .venv/test.done ## let ruff mend what it can
	@$(BIN)/ruff format .
	@$(BIN)/ruff check --fix .

container: .venv/test.done ## do the steps of the Dockerfile in a clean environment, and ask the server that comes of it
	@TAMIS_TEST_IMAGE=1 $(BIN)/python -m pytest -n 0 tests/serve/test_container.py

bench: .venv/bench.done ## every benchmark, beside its peers, in one run each
	@for script in $$(ls benchmarks/[a-z]*.py | grep -v side_by_side); do echo "== $$script"; $(BIN)/python $$script $(BENCH_ARGS) || exit 1; done

clean: ## remove the environment and the demo's workspace
	rm -rf .venv tamis-demo
