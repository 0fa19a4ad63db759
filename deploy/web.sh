#!/bin/sh
# The site: pages and API. WEB_SERVER is gunicorn (default) or granian; both read WEB_BIND, PORT,
# WEB_CONCURRENCY (processes) and WEB_THREADS (threads of each).
set -eu
cd "$(dirname "$0")/.."
# prometheus-client chooses its mode at import, so Python would be too late to say this.
export PROMETHEUS_MULTIPROC_DIR="${PROMETHEUS_MULTIPROC_DIR:-${VAR_DIR:-var}/run/metrics}"
mkdir -p "$PROMETHEUS_MULTIPROC_DIR"

case "${WEB_SERVER:-gunicorn}" in
gunicorn)
    exec gunicorn --config deploy/gunicorn.conf.py config.wsgi:application
    ;;
granian)
    exec granian --interface wsgi --no-ws --host "${WEB_BIND:-127.0.0.1}" --port "${PORT:-8000}" \
        --workers "${WEB_CONCURRENCY:-2}" --blocking-threads "${WEB_THREADS:-16}" \
        --respawn-failed-workers --workers-kill-timeout 8 --log-level warning \
        config.wsgi:application
    ;;
*)
    echo "WEB_SERVER must be gunicorn or granian, not $WEB_SERVER." >&2
    exit 1
    ;;
esac
