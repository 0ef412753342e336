# Two commands do all: `make demo` and `make test`. Each builds .venv when it is not there.
PYTHON ?= python3.11
BIN := .venv/bin
# One thread a process: with several, torch's threads fight over few cores.
export OMP_NUM_THREADS ?= 1

.PHONY: venv demo docs test test-slow drivers lint format clean

venv: .venv/.installed

.venv/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv .venv
	$(BIN)/python -m pip install --quiet --upgrade pip
	# torch first, by its tested version: an open range would fetch a CUDA build of several GB.
	$(BIN)/python -m pip install --quiet --constraint constraints.txt torch
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	touch $@

demo: venv
	$(BIN)/python recipes/demo.py

test: lint
	$(BIN)/python -m pytest -n 2 --dist loadfile -m 'not slow'

test-slow: venv drivers
	$(BIN)/python -m pytest -m slow

# The software Vulkan driver that the renderers are compared with; its tests skip without one.
drivers:
	-ls /usr/share/vulkan/icd.d/*.json >/dev/null 2>&1 || \
	  (apt-get update -qq && apt-get install -qq -y libvulkan1 mesa-vulkan-drivers)

# The documentation as pages, in site/.
docs: venv
	$(BIN)/mkdocs build --strict

lint: venv
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: venv
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf .venv runs site
