# The course's commands; `make help` lists them. All of them work from any folder name and, once
# the environment is there, without a network.
.DEFAULT_GOAL := help
.PHONY: help setup labs notebooks release grade test lint lock data clean

# PYTHON=python3.12 make test          another interpreter (3.11 or 3.12) for .venv
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

setup:  ## prepare .venv from the lock and TFOD2's files (once; later runs find it done)
	@python="$$(sh tools/find_python.sh 3.11 3.12)" && "$$python" tools/setup_env.py

labs: setup  ## run every lab; executed notebooks, HTML and summary.json go to build/labs/
	@$(IN_VENV) -m tools.run_labs $(ARGS) $(LABS)

notebooks: setup  ## run every lab and store the outputs in notebooks/
	@$(IN_VENV) -m tools.run_labs --store $(ARGS) $(LABS)

release: setup  ## editions for students and instructors, slides, handout, site: build/release/
	@$(IN_VENV) -m tools.release $(ARGS)

grade: setup  ## grade the folder SUBMISSIONS in sandboxes; tables and feedback: build/grades/
	@$(IN_VENV) -m tools.grading $(ARGS) $(if $(SUBMISSIONS),"$(SUBMISSIONS)")

test: setup  ## run the unit tests, then compare the notebooks' outputs (nbval)
	@$(IN_VENV) -m tools.run_tests $(ARGS)

lint: setup  ## check code style and notebooks
	@$(IN_VENV) -m ruff check . && $(IN_VENV) -m ruff format --check . \
	    && $(IN_VENV) -m tools.lint_notebooks

lock:  ## pin requirements.txt and the development tools anew (ARGS=--upgrade: newest versions)
	@python="$$(sh tools/find_python.sh 3.11 3.12)" && "$$python" -m tools.lock $(ARGS)

# Frames are rendered in Blender's environment and packed in the course's; both resume.
data: setup  ## render the two bundled datasets anew (Blender, Python 3.11, about an hour)
	@python="$$(PYTHON="$(PYTHON_RENDER)" sh tools/find_python.sh 3.11)" && "$$python" \
	    tools/setup_env.py --venv .venv-render --requirements requirements-render.txt
	@.venv-render/bin/python -m tools.render.pets --all
	@.venv-render/bin/python -m tools.render.street --all
	@$(IN_VENV) -m tools.render.pets --pack
	@$(IN_VENV) -m tools.render.street --pack

clean:  ## remove what the commands made, but not .venv
	@rm -rf build .pytest_cache .ruff_cache .hypothesis
	@find . -path './.venv*' -prune -o -type d -name __pycache__ -prune -exec rm -rf {} +
