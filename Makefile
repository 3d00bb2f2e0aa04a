# Each target does all its own set-up, on a fresh machine too. PYTHON=/path/to/python3 names another Python (3.11 or newer).
BIN := .venv/bin
BASE := .venv/.installed-base
DEV := .venv/.installed-dev

.PHONY: help demo test check docs bench wheel clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    sample data -> run -> report, in coterie-demo/"
	@echo "make test    all tests; those of the autoencoder need PyTorch, which make test TORCH=1 installs"
	@echo "make check   format, lint, types, import layers, documentation"
	@echo "make docs    the documentation as a site, in site/"
	@echo "make bench   what is cheap to measure, on a million ratings that it makes, into bench/RESULTS.md;"
	@echo "             make bench PART=whole DATA=FOLDER for one part on a table: whole, scale, limits, install, or a"
	@echo "             hot one beside its peers (svd, als, explicit, kmeans ...); docs/speed.md says more"
	@echo "make wheel   a wheel that needs no compiler, in dist/, tried in a fresh environment"
	@echo "make clean   remove .venv and everything that was built; coterie-demo/ stays"

demo: $(BASE)
	@$(BIN)/coterie demo

test: $(DEV)
	@.ci/setup-debian chromium
	@.ci/setup-debian mariadb
	@.ci/setup-debian postgresql
	@.ci/torch
	@.ci/test

check: $(DEV)
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet

docs: $(DEV)
	@$(BIN)/python docs/generate_cli.py
	@NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "documentation: site/index.html"

# Without a PART all that takes minutes; BENCH is a folder for tables, and FOLDER of DATA holds one of them.
BENCH := bench/out
bench: $(BASE)
	@.ci/venv '.[bench]'
ifdef PART
	@$(BIN)/python bench/$(if $(wildcard bench/$(PART).py),$(PART).py,parts.py --parts $(PART)) --data $(or $(DATA),$(BENCH)/1m)
else
	@test -e $(BENCH)/1m/truth.npz || $(BIN)/python bench/ratings.py 1m $(BENCH)/1m --csv
	@$(BIN)/python bench/limits.py --data $(BENCH)/1m
	@$(BIN)/python bench/parts.py --data $(BENCH)/1m
	@$(BIN)/python bench/whole.py --data $(BENCH)/1m
	@$(BIN)/python bench/spine.py
endif

wheel:
	@.ci/wheel

clean:
	@rm -rf .venv site dist build .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis .coverage
	@find src tests docs -name __pycache__ -type d -prune -exec rm -rf {} +

KERNELS := hatch_build.py $(wildcard src/coterie/_kernels/*.?pp)

$(BASE): pyproject.toml $(KERNELS)
	@.ci/venv .
	@touch $@

# The development install has all of the base install.
$(DEV): pyproject.toml $(KERNELS)
	@.ci/venv '.[dev]'
	@touch $(BASE) $@
