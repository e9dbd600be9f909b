PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed
export TF_CPP_MIN_LOG_LEVEL ?= 3

.PHONY: install generate test fuzz hostile models page gallery bench temperature-report docs dist
.DEFAULT_GOAL := generate

install: $(INSTALLED)

$(INSTALLED): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' || { \
		echo 'melody-rnn needs Python 3.11 to 3.13; name one: make PYTHON=python3.11 $(MAKECMDGOALS)' >&2; exit 2; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
		echo 'Python has no venv here; install it first: apt-get install python3-venv' >&2; exit 2; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo 'Installing into $(VENV) ...'
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

generate: install
	@$(BIN)/melody-rnn generate

test: install
	@$(BIN)/ruff check --quiet .
	@$(BIN)/ruff format --quiet --check .
	@$(BIN)/mypy --no-error-summary
	@$(BIN)/lint-imports --no-cache > .lint-imports.log || { cat .lint-imports.log; exit 1; }
	@$(BIN)/deptry melody_rnn > .deptry.log 2>&1 || { cat .deptry.log; exit 1; }
	@$(BIN)/python -m pytest --numprocesses auto --dist worksteal

fuzz: install
	@FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-1000000} $(BIN)/python -m pytest tests/fuzz

hostile: install
	@$(BIN)/python benchmarks/hostile.py make .hostile
	@$(BIN)/python benchmarks/hostile.py run .hostile

models: install
	@$(BIN)/python models/train.py

page: install
	@$(BIN)/python -m melody_rnn.page.chords > page/src/chords/tables.json
	@cd page && npm ci --ignore-scripts --no-audit --no-fund --silent && npm run --silent build
	@$(BIN)/python page/finish.py

gallery: install
	@$(BIN)/python midi_out/make_gallery.py

bench: install
	@$(BIN)/python benchmarks/generation.py

temperature-report: install
	@$(BIN)/melody-rnn temperature --num-outputs 1000 --corpus corpus:tunebooks --output-dir docs/temperature --overwrite

docs: install
	@$(BIN)/python -m melody_rnn.cli.reference > docs/cli.md
	@$(BIN)/python -m melody_rnn.cli.manual > docs/melody-rnn.1
	@$(BIN)/python -m melody_rnn.evaluation.two_sample.reference > docs/two-sample-features.md
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[docs]'
	@NO_MKDOCS_2_WARNING=1 DISABLE_MKDOCS_2_WARNING=true $(BIN)/mkdocs build --strict --quiet
	@echo 'The site is in site/: open site/index.html, or $(BIN)/mkdocs serve'

dist: install
	@rm -rf dist
	@$(BIN)/python -m build --no-isolation --outdir dist . > .dist.log 2>&1 || { cat .dist.log; exit 1; }
	@$(BIN)/python -m venv dist/.try
	@echo 'Installing the wheel as its users do ...'
	@dist/.try/bin/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt dist/*.whl
	@mkdir dist/.try/tour
	@cd dist/.try && bin/melody-rnn generate -n 1 && bin/melody-rnn convert midi_out/*.mid --to abc --json
	@cd dist/.try/tour && ../bin/python ../../../examples/tour.py
	@cd dist && du --bytes --apparent-size *.whl *.tar.gz && du --summarize --human-readable .try/lib
	@rm -rf dist/.try
