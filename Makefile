# Pixels to Prompts. `make` alone lists the commands.
PYTHON ?= python3
VENV := .venv
ifeq ($(OS),Windows_NT)
PY := $(VENV)/Scripts/python
else
PY := $(VENV)/bin/python
# Jupyter refuses to run as root, which is who you are in most containers.
LAB_ARGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)
endif

.DEFAULT_GOAL := help
.PHONY: help lab test outputs checkpoints data lint format clean

help:  ## list the commands
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

lab: $(VENV)/.lab  ## set everything up and open the first notebook in JupyterLab
	$(PY) -m jupyterlab $(LAB_ARGS) notebooks/01_concepts.ipynb

test: $(VENV)/.test  ## set everything up and run every test, all notebooks included
	$(PY) -m ruff check .
	$(PY) -m pytest

outputs: $(VENV)/.test  ## run notebooks from a clean kernel and store their outputs (NB=path for one)
	$(PY) tools/execute_notebooks.py $(NB)

checkpoints: $(VENV)/.test  ## train the shipped checkpoints again (NAME=name for one)
	TUTORIAL_RETRAIN=$(or $(NAME),all) $(PY) tools/execute_notebooks.py --only-training --discard-outputs

data: $(VENV)/.dev  ## rebuild the emoji grid from its npm packages, to the pixel
	$(PY) tools/build_emoji.py

lint: $(VENV)/.test  ## check style, notebooks included
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(VENV)/.test  ## put everything in that style (run before `make outputs`)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean:  ## remove the environment, the unpacked data and every cache
	rm -rf $(VENV) .cache .pytest_cache .ruff_cache build src/*.egg-info
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# One stamp a set of extras. A set that holds another stamps that one, too.
$(VENV)/.lab: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -e .
	touch $@

$(VENV)/.test: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -e ".[test]"
	touch $@ $(VENV)/.lab

$(VENV)/.dev: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(PY) -m pip install -e ".[dev]"
	touch $@ $(VENV)/.test $(VENV)/.lab
