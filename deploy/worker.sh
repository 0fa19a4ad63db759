#!/bin/sh
# A Celery worker: `worker.sh worker` for everything but Telegram, `worker.sh pump` for Telegram
# alone, so that neither waits for the other. WORKER_CONCURRENCY and PUMP_CONCURRENCY say how many
# processes each has.
set -eu
cd "$(dirname "$0")/.."
case "${1:-}" in
worker)
    queues=default,inbox,avito,mail,yandex,panels
    processes="${WORKER_CONCURRENCY:-3}"
    ;;
pump)
    queues=telegram
    processes="${PUMP_CONCURRENCY:-2}"
    ;;
*)
    echo "Usage: worker.sh worker|pump" >&2
    exit 1
    ;;
esac
# Mingle and gossip are talk between workers that nothing here listens to.
exec celery --quiet --app config worker --queues "$queues" --concurrency "$processes" \
    --pool prefork --hostname "$1@%h" --without-mingle --without-gossip --loglevel "${LOG_LEVEL:-INFO}"
