# Every command is `python3 -m launcher <command>`; make only finds a Python for it.
# More arguments: make test ARGS="-k outbox". Settings: make run PORT=8080 VAR_DIR=/tmp/site.

IS_NEW_ENOUGH := 'import sys; sys.exit(sys.version_info < (3, 11))'
PYTHON ?= $(shell for candidate in python3.13 python3.12 python3.11 python3 python; do \
	$$candidate -c $(IS_NEW_ENOUGH) >/dev/null 2>&1 && { echo $$candidate; break; }; done)
COMMANDS := test check bench chaos lock clean

.PHONY: run help $(COMMANDS)

# Tied: the site stops when make is killed, even by a signal that make cannot pass on.
run: python
	@exec $(PYTHON) -m launcher run --tied $(ARGS)

$(COMMANDS): python
	@exec $(PYTHON) -m launcher $@ $(ARGS)

help: python
	@exec $(PYTHON) -m launcher help

.PHONY: python
python:
	@test -n "$(PYTHON)" || { echo "Depesha needs Python 3.11 or newer; none was found on PATH." >&2; exit 1; }
