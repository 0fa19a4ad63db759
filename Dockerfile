# syntax=docker/dockerfile:1
# The production image: the site and its workers. No sandbox, no launcher, no tests, no compiler.

FROM python:3.13-slim AS base
ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PATH=/opt/venv/bin:$PATH

FROM base AS packages
COPY requirements.txt /tmp/requirements.txt
# The lock names every dependency with its hashes; only wheels, so nothing is compiled here.
RUN python -m venv /opt/venv \
    && pip install --no-cache-dir --disable-pip-version-check --require-hashes --no-deps \
        --only-binary :all: --requirement /tmp/requirements.txt

FROM base AS site
WORKDIR /srv/depesha
COPY manage.py ./
COPY config config
COPY accounts accounts
COPY integrations integrations
COPY notifications notifications
COPY vpnconfigs vpnconfigs
COPY dialogs dialogs
COPY marketplace marketplace
COPY templates templates
COPY locale locale
COPY deploy/gunicorn.conf.py deploy/web.sh deploy/worker.sh deploy/beat.sh deploy/

FROM site AS static
COPY --from=packages /opt/venv /opt/venv
COPY static static
# Settings refuse to start without these; collecting files uses none of them.
RUN DJANGO_SETTINGS_MODULE=config.settings.production SECRET_KEY=build SECRETS_KEYS=build \
    SITE_URL=https://build.invalid ALLOWED_HOSTS=build.invalid \
    DATABASE_URL=postgres://build.invalid/build REDIS_URL=redis://build.invalid/0 \
    python manage.py collectstatic --noinput

FROM site
RUN groupadd --gid 10001 depesha \
    && useradd --uid 10001 --gid depesha --no-create-home --home-dir /nonexistent depesha \
    && install --directory --owner depesha --group depesha /var/lib/depesha /var/lib/depesha/media
COPY --from=packages /opt/venv /opt/venv
COPY --from=static /srv/depesha/static static
COPY --from=static /srv/depesha/staticfiles staticfiles
ENV DJANGO_SETTINGS_MODULE=config.settings.production \
    VAR_DIR=/var/lib/depesha \
    MEDIA_ROOT=/var/lib/depesha/media \
    WEB_BIND=0.0.0.0 \
    PORT=8000
USER depesha
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=10s --start-period=30s --retries=3 \
    CMD ["python", "manage.py", "healthcheck", "--readiness"]
CMD ["deploy/web.sh"]
