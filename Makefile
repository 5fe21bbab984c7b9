# Two commands on a fresh machine: `make demo` draws, `make test` runs every test. Both make .venv when it is not there.
PYTHON ?= python3
WORDS  ?= a red fox under a full moon, and no clouds
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check install -c constraints.txt

.PHONY: demo test check format run clean

demo: $(VENV)/.installed ## Draw four pictures with the bundled model, on the way that Discord uses.
	@$(BIN)/pixxelbot imagine "$(WORDS)"

test: $(VENV)/.installed-test ## Run every test.
	$(BIN)/python -m pytest --numprocesses auto --dist loadfile

check: $(VENV)/.installed-test ## Lint, format and types; changes nothing.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/.installed-test ## Put every file into the house's format.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

run: $(VENV)/.installed ## Start the bot; needs PIXXELBOT_DISCORD_TOKEN.
	@$(BIN)/pixxelbot run

clean: ## Remove the virtual environment; pictures and the database stay.
	rm -rf $(VENV)

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "Python 3.11 or newer is needed; name one with: make $(MAKECMDGOALS) PYTHON=/path/to/python3.11"; exit 1; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e .
	@touch $@

$(VENV)/.installed-test: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) -e '.[test]'
	@touch $@ $(VENV)/.installed
