# Pixels to Prompts. `make` alone lists the commands.
VENV := .venv
ifeq ($(OS),Windows_NT)
PYTHON ?= python
PY := $(VENV)/Scripts/python
else
PYTHON ?= python3
PY := $(VENV)/bin/python
# Jupyter refuses to run as root, which is who you are in most containers.
LAB_ARGS ?= $(if $(filter 0,$(shell id -u)),--allow-root)
endif

OLDEST = $(subst $(VENV),$(VENV)-oldest,$(PY))

.DEFAULT_GOAL := help
.PHONY: help lab test outputs avx2 report badges oldest exercises checkpoints replay mutants data lint format clean

help:  ## list the commands
	@awk -F':.*## ' '/^[a-z0-9]+:.*## / {printf "%-14s%s\n", $$1, $$2}' $(MAKEFILE_LIST)

lab: $(VENV)/.lab  ## set everything up and open the first notebook in JupyterLab
	$(PY) -m jupyterlab $(LAB_ARGS) --ServerApp.root_dir="$(CURDIR)" notebooks/01_concepts.ipynb

test: $(VENV)/.test  ## set everything up and run every test, all notebooks included
	$(PY) -m ruff check .
	$(PY) -m pytest

outputs: $(VENV)/.test  ## run notebooks from a clean kernel and store their outputs (NB=path for one)
	$(PY) tools/execute_notebooks.py $(NB)

avx2: $(VENV)/.test  ## time the chapters without newer instructions than most laptops have (NB=path for one)
	$(PY) tools/execute_notebooks.py --avx2 $(NB)

report: $(VENV)/.test  ## print minutes, memory, figures and words of each chapter
	$(PY) tools/report.py

badges: $(VENV)/.test  ## write every page's badges (REPO=owner/name after a move)
	$(PY) tools/badges.py $(REPO)
	$(PY) tools/exercises.py

oldest:  ## run every test with the oldest packages that pyproject.toml allows (PYTHON=python3.10 for the oldest Python)
	$(PYTHON) -m venv --clear $(VENV)-oldest
	$(OLDEST) -m pip install uv
	$(OLDEST) -m uv pip install --python $(OLDEST) --resolution lowest-direct -e ".[test]"
	$(OLDEST) -m pytest

exercises: $(VENV)/.test  ## make the students' exercise notebooks from the solutions
	$(PY) tools/exercises.py

checkpoints: $(VENV)/.test  ## train the shipped checkpoints again (NAME=name for one)
	$(PY) tools/train.py $(NAME)

replay: $(VENV)/.test  ## show that tidied code still trains the shipped networks (NAME=name for one)
	$(PY) tools/train.py --replay $(NAME)

mutants: $(VENV)/.test  ## put faults into the package and see whether its tests notice (ARGS="--sample 100", or --help)
	$(PY) tools/mutants.py $(ARGS)

data: $(VENV)/.dev  ## rebuild the emoji grid from its npm packages, to the pixel
	$(PY) tools/build_emoji.py

lint: $(VENV)/.test  ## check style, notebooks included
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .

format: $(VENV)/.test  ## put everything in that style (run before `make outputs`)
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

clean:  ## remove the environment, the unpacked data and every cache
	rm -rf $(VENV) $(VENV)-oldest .cache .pytest_cache .ruff_cache build src/*.egg-info
	find . -name __pycache__ -o -name .ipynb_checkpoints | xargs rm -rf

# One stamp a set of extras. A set that holds another stamps that one, too. None counts where the environment does
# not hold this folder's course: the folder was moved or copied, another was installed, the Python is gone.
OURS := import os, tutorial_utils as t; print("ours" * os.path.samefile(t.__path__[0], "src/tutorial_utils"))
ifneq ($(wildcard $(VENV)/.lab),)
ifneq ($(shell $(PY) -I -c '$(OURS)' 2>/dev/null),ours)
STALE := $(VENV) does not hold this folder's course: it is made again.
.PHONY: $(VENV)/.made $(VENV)/.lab $(VENV)/.test $(VENV)/.dev
endif
endif

$(VENV)/.made:
	@$(if $(STALE),echo "$(STALE)",:)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10) and "Python 3.10 or newer is needed: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv --clear $(VENV)
	touch $@

$(VENV)/.lab: pyproject.toml | $(VENV)/.made
	$(PY) -m pip install -e .
	touch $@

$(VENV)/.test: pyproject.toml | $(VENV)/.made
	$(PY) -m pip install -e ".[test]"
	touch $@ $(VENV)/.lab

$(VENV)/.dev: pyproject.toml | $(VENV)/.made
	$(PY) -m pip install -e ".[dev]"
	touch $@ $(VENV)/.test $(VENV)/.lab
