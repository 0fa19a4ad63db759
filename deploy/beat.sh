#!/bin/sh
# The clock: rings every periodic bell. A second one by mistake does no harm, see the inbox.
set -eu
cd "$(dirname "$0")/.."
run_dir="${VAR_DIR:-var}/run"
mkdir -p "$run_dir"
exec celery --quiet --app config beat --schedule "$run_dir/beat-schedule" --pidfile= \
    --loglevel "${LOG_LEVEL:-INFO}"
