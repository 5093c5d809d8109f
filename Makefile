# make app     set up what is needed and open the app
# make check   linter, type checker and the fast tests
# make test    linter, type checker and all tests; prints what they do not reach
# make audit   known weaknesses of what is installed, and the table of licences anew
# make lock    write down the versions of a fresh environment, for the continuous integration
# make format  put the code in the project's format
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PYTEST = $(BIN)/python -m pytest -n 2 --dist worksteal

.PHONY: app check test lint format audit lock
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

# Beside the environment and not in it, so that the tools themselves are neither audited nor locked.
audit: $(VENV)/.dev
	$(PYTHON) -m venv $(VENV)-tools && $(VENV)-tools/bin/pip install -q pip-audit pip-licenses
	$(VENV)-tools/bin/pip-licenses --python $(BIN)/python --format markdown --ignore-packages maxdigit --output-file docs/licences.md
	$(VENV)-tools/bin/pip-audit -r requirements.lock --no-deps --disable-pip

lock: pyproject.toml requirements.txt
	rm -rf $(VENV)-lock && $(PYTHON) -m venv $(VENV)-lock && $(VENV)-lock/bin/pip install -q -e '.[dev]'
	(sed -n '/^[^#]/q;p' requirements.lock; $(VENV)-lock/bin/pip freeze --exclude-editable) > $(VENV)-lock/new
	mv $(VENV)-lock/new requirements.lock && rm -rf $(VENV)-lock

$(BIN)/python:
	$(PYTHON) -m venv $(VENV)

$(VENV)/.app: pyproject.toml requirements.txt | $(BIN)/python
	$(BIN)/python -m pip install -e .
	touch $@

$(VENV)/.dev: pyproject.toml requirements.txt requirements.lock | $(BIN)/python
	$(BIN)/python -m pip install -e '.[dev]' -c requirements.lock
	touch $@ $(VENV)/.app
