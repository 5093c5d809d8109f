# make app     install the app and open it
# make check   linter, type checker and the fast tests
# make test    linter, type checker and all tests; prints the coverage
# make audit   known vulnerabilities of the installed packages; updates the table of licences
# make lock    record the versions of a fresh environment, for continuous integration
# make format  format the code
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

# In a separate environment, so that the tools themselves are neither audited nor locked.
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
