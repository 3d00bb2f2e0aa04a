# Each target does all its own set-up, on a fresh machine too. PYTHON=/path/to/python3 names another Python (3.11 or newer).
BIN := .venv/bin
BASE := .venv/.installed-base
DEV := .venv/.installed-dev

.PHONY: help demo test check docs bench clean
.DEFAULT_GOAL := help

help:
	@echo "make demo    sample data -> run -> report, in coterie-demo/"
	@echo "make test    all tests; those of the autoencoder need PyTorch, which make test TORCH=1 installs"
	@echo "make check   format, lint, types, import layers, documentation"
	@echo "make docs    the documentation as a site, in site/"
	@echo "make bench   what the whole way gives and costs, into bench/RESULTS.md; make bench PART=als DATA=FOLDER"
	@echo "             what a hot part costs beside its peers: svd, als, explicit, kmeans, sweep; into bench/PARTS.md"
	@echo "make clean   remove .venv and everything that was built; coterie-demo/ stays"

demo: $(BASE)
	@$(BIN)/coterie demo

test: $(DEV)
	@.ci/setup-debian chromium
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

bench: $(BASE)
ifdef PART
	@.ci/venv '.[bench]'
	@$(BIN)/python bench/parts.py --parts $(PART) --data $(or $(DATA),bench/out)
else
	@$(BIN)/python bench/spine.py
endif

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
