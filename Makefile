# Everything a newcomer needs: `make run` and `make test`. Both install what they need into .venv.
PYTHON ?= python3
HOST ?= 127.0.0.1
PORT ?= 8000
BIN := .venv/bin
# The PostgreSQL that `make test` also uses when it answers.
TEST_DATABASE_URL ?= postgres://postgres@127.0.0.1:5432/postgres
export TEST_DATABASE_URL

.PHONY: install run test check lock

install: .venv/installed

.venv/installed: requirements.lock
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Kaireon needs Python 3.11 or newer.")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	touch $@

run: install
	mkdir -p var
	$(BIN)/python manage.py quickstart --host $(HOST) --port $(PORT)
	$(BIN)/granian --interface wsgi --host $(HOST) --port $(PORT) --workers 2 --blocking-threads 1 kaireon.wsgi:application

test: install
	$(BIN)/python tests/run.py

check: install
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy kaireon creatives policies decisioning
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run

# Rewrites the lock file after a change of pyproject.toml; needs uv.
lock:
	uv pip compile pyproject.toml --group dev --universal --python-version 3.11 --generate-hashes \
		--no-header --no-annotate --output-file requirements.lock
