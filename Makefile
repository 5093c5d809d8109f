# make app     set up what is needed and open the app
# make check   linter, type checker and the fast tests
# make test    linter, type checker and all tests; prints what they do not reach
# make format  put the code in the project's format
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PYTEST = $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: app check test lint format
app: $(VENV)/.app
	$(BIN)/python app.py --open

check: lint
	$(PYTEST) -m "not slow and not browser"

test: lint
	$(PYTEST) --cov --cov-report=term

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -e .
	touch $@

$(VENV)/.dev: pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -e '.[dev]'
	touch $@ $(VENV)/.app
