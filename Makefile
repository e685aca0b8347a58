# Sets up its own environment and runs the project's tasks in it; `make` lists them.
#
#   PYTHON   interpreter to build the environment with, 3.11 or newer
#   VENV     folder of the environment
#   INSTALL  editable: work on this tree; wheel: build the wheel, install that, and run from a
#            copy of the tree without the package, so that only the installed one can be imported
#   DATA     folder of real market and charging data; without it, what needs it is left out
#   PIPFLAGS options of every pip install, e.g. --quiet
#   EXTRAS   optional dependencies to install, see pyproject.toml
#   PINS     file of the versions to install; the empty name takes the newest allowed
#   LOCK     list of digests that the installed files must have; by default .ci/locked.txt where
#            that is for this machine and the pinned versions are installed, empty for none
#   SITE     folder of the documentation that `make docs` builds
#   WORKERS  processes that share the tests; 0 runs them in one
#   ATTACK   how many times as much `make attack` tries as `make test` does
#   ARGS     passed on to the command, e.g. make test ARGS="-k markets -x"

comma := ,

PYTHON ?= python3
VENV ?= .venv
INSTALL ?= editable
DATA ?=
PIPFLAGS ?=
ARGS ?=
EXTRAS ?= train,dev,docs
PINS ?= constraints.txt
SITE ?= site
WORKERS ?= auto
ATTACK ?= 20

LOCK ?= $(if $(filter constraints.txt,$(PINS)),$(if $(filter train$(comma)dev$(comma)docs,$(EXTRAS)),$(shell $(PYTHON) .ci/lock.py --here)))

override VENV := $(abspath $(VENV))
py := $(VENV)/bin/python
pip_install := $(py) -m pip --disable-pip-version-check install $(PIPFLAGS)
install_locked = $(if $(LOCK),$(pip_install) --require-hashes --no-deps -r $(LOCK))
stamp := $(VENV)/.installed-$(INSTALL)
# A file of tests is run by one process; `tests/order.py` says which files are begun first.
share := --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

ifneq ($(DATA),)
export VPP_GYM_DATA := $(abspath $(DATA))
endif

ifeq ($(INSTALL),editable)
tree := .
else ifeq ($(INSTALL),wheel)
tree := $(VENV)/tree
sources := $(shell find vpp_gym -type f -not -name '*.py[co]') README.md LICENSE
beside := $(filter-out vpp_gym build dist site %.egg-info,$(wildcard *))
else
$(error INSTALL is editable or wheel, not "$(INSTALL)")
endif

.DEFAULT_GOAL := help
.PHONY: help install tree test attack endurance coverage sdist test-lowest test-newest mutants bench bench-all speed train leaderboard lint types docs fresh clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' Makefile

install: $(stamp) ## set up the environment (a few minutes the first time)

test: $(stamp) tree ## run the tests, on WORKERS processes
	cd "$(tree)" && "$(py)" -m tests.warm_up \
		&& "$(py)" -m pytest $(share) $(ARGS)

attack: $(stamp) tree ## try random worlds, odd decisions and damaged files, ATTACK times as many
	cd "$(tree)" && VPP_GYM_ATTACK=$(ATTACK) "$(py)" -m pytest tests/attack \
		$(share) $(ARGS)

endurance: $(stamp) tree ## step ten million times in one process, and print what that took
	cd "$(tree)" && "$(py)" -m tests.attack.endurance $(ARGS)

# Compiled code cannot be traced, so the kernels run as plain Python.
coverage: $(stamp) tree ## measure the branches of the simulator that its tests take
	cd "$(tree)" && NUMBA_DISABLE_JIT=1 "$(py)" -m pytest --cov $(share) \
		$(addprefix tests/,simulation fleet contracts markets) $(ARGS)

# Without torch: what trains agents is tested with the pinned versions. Old packages may warn of
# new ones that they depend on.
without_torch = EXTRAS=test PINS=$(1) VENV="$(VENV)-$(2)" \
	ARGS="--ignore tests/agents $(3) $(ARGS)"

test-lowest: ## run the tests with the lowest versions that pyproject.toml allows
	mkdir -p "$(VENV)-lowest"
	$(PYTHON) .ci/lowest_versions.py > "$(VENV)-lowest/lowest.txt"
	$(MAKE) test $(call without_torch,"$(VENV)-lowest/lowest.txt",lowest,-W default)

test-newest: ## run the tests with the newest versions, e.g. PYTHON=python3.13
	$(MAKE) test $(call without_torch,,newest)

mutants: $(stamp) ## change the code in 150 places; which changes do the tests find? (an hour)
	"$(py)" -m tests.mutation.run $(ARGS)

bench: $(stamp) tree ## run every policy through 3 of the 12 worlds, in minutes
	cd "$(tree)" && "$(py)" -m benchmarks.run --suite embedded --worlds 3 $(ARGS)

bench-all: $(stamp) tree ## run all suites whole, in hours; DATA=folder adds real data
	cd "$(tree)" && "$(py)" -m benchmarks.run --suite all $(if $(DATA),--data "$(VPP_GYM_DATA)") \
		$(ARGS)

speed: $(stamp) tree ## measure steps a second and the time of a year per policy
	cd "$(tree)" && "$(py)" -m benchmarks.speed $(ARGS)

train: $(stamp) tree ## train the reference agents
	cd "$(tree)" && "$(py)" -m agents.train $(ARGS)

leaderboard: $(stamp) tree ## write the leaderboard and the claims again from the result files
	cd "$(tree)" && "$(py)" -m benchmarks.leaderboard $(ARGS) && "$(py)" -m benchmarks.claims

lint: $(stamp) ## check style and formatting
	"$(py)" -m ruff check .
	"$(py)" -m ruff format --check .

types: $(stamp) ## check type hints
	"$(py)" -m mypy

# MkDocs Material prints a notice about its successor; it is no warning of ours.
docs: $(stamp) tree ## build the documentation as a site into SITE, without warnings
	cd "$(tree)" && NO_MKDOCS_2_WARNING=1 "$(py)" -m mkdocs --quiet build --strict \
		--site-dir "$(abspath $(SITE))" $(ARGS)

fresh: $(stamp) tree ## check that the committed leaderboard comes from this code
	cd "$(tree)" && "$(py)" -m benchmarks.check

# All tests must be there with what they import and read at first; those that compile little run.
of_sdist = $(addprefix tests/,markets files scenarios/files test_layers.py test_sources.py test_surface.py)

sdist: $(stamp) ## build the source distribution, compare it with the repository, and test from it
	rm -rf "$(VENV)/sdist"
	"$(py)" .ci/sdist.py "$(VENV)/sdist"
	cd "$(VENV)"/sdist/vpp_gym-* && { "$(py)" -m pytest --numprocesses 0 --collect-only -qq \
		> collected.txt || { cat collected.txt; exit 1; }; }
	cd "$(VENV)"/sdist/vpp_gym-* && NUMBA_DISABLE_JIT=1 "$(py)" -m pytest \
		$(share) $(of_sdist) $(ARGS)

clean: ## remove the environment and what was built
	rm -rf "$(VENV)" "$(VENV)-lowest" "$(VENV)-newest" build dist site *.egg-info

$(py):
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "vpp_gym needs Python 3.11 or newer: make PYTHON=python3.11" >&2; exit 1; }
	"$(PYTHON)" -m venv "$(VENV)"

# One environment holds one kind of installation: the other kind's stamp goes.
$(VENV)/.installed-editable: pyproject.toml $(PINS) $(LOCK) | $(py)
	rm -f "$(VENV)"/.installed-*
	$(install_locked)
	$(pip_install) $(addprefix -c ,$(PINS)) -e ".[$(EXTRAS)]"
	touch "$@"

$(VENV)/.installed-wheel: pyproject.toml $(PINS) $(LOCK) $(sources) | $(py)
	rm -rf "$(VENV)"/.installed-* "$(VENV)/dist" build
	$(py) -m pip --disable-pip-version-check wheel --no-deps --wheel-dir "$(VENV)/dist" .
	rm -rf build *.egg-info
	$(install_locked)
	wheel=$$(echo "$(VENV)"/dist/*.whl) \
		&& $(pip_install) $(addprefix -c ,$(PINS)) "$$wheel[$(EXTRAS)]" \
		&& $(pip_install) --no-deps --force-reinstall "$$wheel"
	touch "$@"

tree:
ifeq ($(INSTALL),wheel)
	rm -rf "$(tree)"
	mkdir -p "$(tree)"
	cp -R $(beside) "$(tree)"
endif
