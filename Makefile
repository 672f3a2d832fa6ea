# Every verb that a person needs. `make` prints this list.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
export NO_MKDOCS_2_WARNING := 1

.PHONY: help serve test check record site bench lint upgrade clean

help:  ## Explain each target
	@grep -E '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

serve: $(READY)  ## Serve the site with live reload on http://127.0.0.1:8400/
	@echo "Open http://127.0.0.1:8400/"
	@$(BIN)/mkdocs serve

test: $(READY)  ## Run the whole suite, on all cores; PAGE=local for the quick proofs of one page
	@$(BIN)/pytest $(if $(PAGE),-n 0 --claims -m "not slow" tests/test_$(subst -,_,$(basename $(notdir $(PAGE)))).py)

check: $(READY)  ## Run the transcripts and compare what they print
	@$(BIN)/python -m lab check

record: $(READY)  ## Run the transcripts and write what they print into them
	@$(BIN)/python -m lab record

site: $(READY)  ## Build the site strictly into site/
	@CI=true $(BIN)/mkdocs build --strict

bench: $(READY)  ## Compare a server of the suite with a cold start
	@$(BIN)/python bench/server_start.py

lint: $(READY)  ## Check the style of Python
	@$(BIN)/ruff check lab tests snippets bench
	@$(BIN)/ruff format --check lab tests snippets bench

upgrade: $(READY)  ## Pin the newest releases of what requirements.in asks for
	@$(BIN)/pip install --quiet uv==0.13.8
	@printf '%s\n%s\n' '# Made by `make upgrade` from requirements.in: every package, for every platform.' '-e .' > $(VENV)/pins.txt
	@$(BIN)/uv pip compile --quiet --universal --upgrade --python-version 3.11 --no-header --no-annotate requirements.in >> $(VENV)/pins.txt
	@mv $(VENV)/pins.txt requirements.txt

clean:  ## Remove the virtual environment and the built site
	@rm -rf $(VENV) site

$(READY): requirements.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "This needs Python 3.11 or newer; $(PYTHON) is $$($(PYTHON) -V). Try: make PYTHON=python3.12"; exit 1; }
	@echo "Installing into $(VENV), which takes a while, once."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@
