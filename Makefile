# The course's commands; `make help` lists them. All of them work from any folder name and, once the
# environment is there, most of them without a network.
.DEFAULT_GOAL := help
.PHONY: help setup lab labs notebooks release grade test lint places lock data clean

# PYTHON=python3.13 make test          another interpreter (3.11, 3.12 or 3.13) for .venv
# UV=none make setup                   pip instead of uv
# PYTHON_RENDER=python3.11 make data   the one for .venv-render, if PYTHON is another
# make labs LABS="01 02"               some labs only
# make grade SUBMISSIONS=folder        what students handed in; ARGS="--help" lists options
# make test ARGS="-k masks"            options for pytest's unit tests; see tools/run_tests.py
PYTHON ?=
PYTHON_RENDER ?=
LABS ?=
SUBMISSIONS ?=
ARGS ?=
export PYTHON

IN_VENV := .venv/bin/python

help:  ## this list
	@awk -F ':.*## ' '/^[a-z]+:.*## /{printf "  make %-10s %s\n", $$1, $$2}' Makefile

setup:  ## prepare .venv from requirements/ with uv (once; later runs find it done)
	@sh tools/setup.sh

lab: setup  ## open the labs in JupyterLab, in a browser (ARGS="--no-browser --port 8890")
	@$(IN_VENV) -m jupyterlab --config=tools/jupyterlab.py $(ARGS) notebooks

labs: setup  ## run every lab; executed notebooks, HTML and summary.json go to build/labs/
	@$(IN_VENV) -m tools.run_labs $(ARGS) $(LABS)

notebooks: setup  ## run every lab and store the outputs in notebooks/
	@$(IN_VENV) -m tools.run_labs --store $(ARGS) $(LABS)

release: setup  ## editions for students and instructors, slides, handout, site: build/release/
	@$(IN_VENV) -m tools.release $(ARGS)

grade: setup  ## grade the folder SUBMISSIONS in sandboxes; tables and feedback: build/grades/
	@$(IN_VENV) -m tools.grading $(ARGS) $(if $(SUBMISSIONS),"$(SUBMISSIONS)")

test: setup  ## run the unit tests and compare the notebooks' outputs (nbval)
	@$(IN_VENV) -m tools.run_tests $(ARGS)

lint: setup  ## check code style and notebooks
	@$(IN_VENV) -m ruff check . && $(IN_VENV) -m ruff format --check . \
	    && $(IN_VENV) -m tools.lint_notebooks

places: setup  ## run all labs as on Colab and Kaggle; docs/where-it-runs.md (about half an hour)
	@$(IN_VENV) -m tools.places $(ARGS)

COMPILE = . tools/index.sh; .venv/bin/uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
    --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command "make lock"
lock: setup  ## pin requirements.txt and the development tools anew (ARGS=--upgrade: newest versions)
	@$(COMPILE) $(ARGS) requirements.txt --group pyproject.toml:dev --group pyproject.toml:teach \
	    -o requirements/dev.lock
	@$(COMPILE) $(ARGS) requirements.txt -c requirements/dev.lock -o requirements/labs.lock

# Frames are rendered in Blender's environment and packed in the course's; both resume.
data: setup  ## render the two bundled datasets anew (Blender, Python 3.11, about two hours)
	@PYTHON="$(or $(PYTHON_RENDER),3.11)" sh tools/setup.sh .venv-render requirements/render.txt
	@.venv-render/bin/python -m tools.render.pets --all
	@.venv-render/bin/python -m tools.render.street --all
	@$(IN_VENV) -m tools.render.pets --pack
	@$(IN_VENV) -m tools.render.street --pack

clean:  ## remove what the commands made, but not .venv and not the marks in build/grades
	@[ ! -d build ] || find build -mindepth 1 -maxdepth 1 ! -name grades -exec rm -rf {} +
	@rm -rf .pytest_cache .ruff_cache .hypothesis
	@find . -path './.venv*' -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
