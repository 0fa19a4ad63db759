"""Settings shared by every way of running Depesha. Values come from the environment alone."""

from datetime import timedelta
from urllib.parse import urlsplit

import environ
from celery.schedules import schedule
from csp.constants import NONE, SELF
from django.utils.translation import gettext_lazy as _

from config.env import BASE_DIR, database_url, env, redis_url
from config.settings.unfold import UNFOLD as UNFOLD

APP_NAME = env.str("APP_NAME", default="Depesha")
VERSION = env.str("VERSION", default="0.1.0")
DEBUG = env.bool("DEBUG", default=False)
IS_PRODUCTION = False
SECRET_KEY = env.str("SECRET_KEY")
SECRETS_KEYS = env.str("SECRETS_KEYS")
SITE_URL = env.str("SITE_URL").rstrip("/")
WEB_APP_URL = env.str("WEB_APP_URL", default=f"{SITE_URL}/app")
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", default=[])
CSRF_TRUSTED_ORIGINS = env.list("CSRF_TRUSTED_ORIGINS", default=[SITE_URL])
TRUSTED_PROXIES = env.int("TRUSTED_PROXIES", default=0)

INSTALLED_APPS = [
    "config.apps.ConfigConfig",
    "unfold.apps.BasicAppConfig",
    "config.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "django.forms",
    "axes",
    "corsheaders",
    "csp",
    "django_filters",
    "django_htmx",
    "django_otp",
    "django_otp.plugins.otp_static",
    "django_otp.plugins.otp_totp",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "rest_framework",
    "template_partials",
    "accounts",
    "integrations",
    "notifications",
    "vpnconfigs",
    "dialogs",
    "marketplace",
]
MIDDLEWARE = [
    "config.lib.metrics.MetricsMiddleware",
    "config.lib.correlation.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "config.lib.policy.PolicyMiddleware",
    "config.lib.ratelimit.AddressLimitMiddleware",
    "config.lib.routes.TrailingSlashMiddleware",
    "corsheaders.middleware.CorsMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "accounts.web.middleware.AuthenticationMiddleware",
    "accounts.web.middleware.LanguageMiddleware",
    "accounts.web.impersonation.ImpersonationMiddleware",
    "accounts.web.staff_otp.StaffOtpMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "config.lib.pages.AppErrorMiddleware",
]
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
APPEND_SLASH = False
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "django.template.context_processors.i18n",
                "accounts.web.context.site",
            ],
        },
    }
]
FORM_RENDERER = "django.forms.renderers.TemplatesSetting"

DATABASES = {
    "default": {
        **environ.Env.db_url_config(database_url()),
        "ENGINE": "config.lib.postgresql",
        "CONN_MAX_AGE": env.int("CONN_MAX_AGE", default=600),
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {
            "connect_timeout": 5,
            # Django's default, None, forbids preparing even where a statement asks for it. None
            # is prepared by itself: nothing is run so often under one text.
            "prepare_threshold": 2**31 - 1,
            "options": "-c lock_timeout=2000 -c idle_in_transaction_session_timeout=60000",
        },
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

REDIS_URL = redis_url("REDIS")
RATE_LIMIT_REDIS_URL = redis_url("RATE_LIMIT_REDIS", default=REDIS_URL)
# What Redis says is never the truth: whoever asks waits no longer than a reader would notice.
REDIS_OPTIONS = {"socket_connect_timeout": 0.4, "socket_timeout": 0.4}
RATE_LIMIT_ENABLED = env.bool("RATE_LIMIT_ENABLED", default=True)
DEFAULT_REQUESTS_PER_MINUTE = env.int("DEFAULT_REQUESTS_PER_MINUTE", default=120)
AUTH_REQUESTS_PER_MINUTE = env.int("AUTH_REQUESTS_PER_MINUTE", default=10)

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_CONNECTION_MAX_RETRIES = None
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "socket_connect_timeout": 2,
    # A broker that hangs must not hang whoever rings; workers wait for a bell by other means.
    "socket_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
    # Who sends a bell does not wait for a lost broker; without this each sender waits six seconds.
    "max_retries": 0,
}
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_TIME_LIMIT = 600
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 10
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = False
CELERY_TASK_ROUTES = {
    "integrations.process_inbox": {"queue": "inbox"},
    "integrations.pump_telegram": {"queue": "telegram"},
    "integrations.pump_avito": {"queue": "avito"},
    "integrations.poll_avito": {"queue": "avito"},
    "integrations.pump_mail": {"queue": "mail"},
    "integrations.pump_yandex": {"queue": "yandex"},
    "integrations.poll_yandex": {"queue": "yandex"},
    "vpnconfigs.sync": {"queue": "panels"},
    "vpnconfigs.look_at_panels": {"queue": "panels"},
    "vpnconfigs.reconcile": {"queue": "panels"},
}
SWEEP_SECONDS = env.float("SWEEP_SECONDS", default=5.0)
AVITO_POLL_SECONDS = env.float("AVITO_POLL_SECONDS", default=15.0)
PROCESS_PERIOD_SECONDS = env.float("PROCESS_PERIOD_SEC", default=60.0)
XUI_LOOK_SECONDS = env.float("XUI_LOOK_SECONDS", default=30.0)
XUI_RECONCILE_SECONDS = env.float("XUI_RECONCILE_SECONDS", default=60.0)
YANDEX_POLL_SECONDS = env.float("YANDEX_POLL_SECONDS", default=5.0)
_EVERY = {
    # Each looks for rows whose bell was lost.
    "integrations.process_inbox": SWEEP_SECONDS,
    "integrations.pump_telegram": SWEEP_SECONDS,
    "integrations.pump_avito": SWEEP_SECONDS,
    "integrations.pump_mail": SWEEP_SECONDS,
    "integrations.pump_yandex": SWEEP_SECONDS,
    "notifications.plan": SWEEP_SECONDS,
    "notifications.tell_of_missed_sign_ins": 60,
    "dialogs.send_due_auto_replies": SWEEP_SECONDS,
    "integrations.poll_avito": AVITO_POLL_SECONDS,
    "vpnconfigs.sync": SWEEP_SECONDS,
    "vpnconfigs.look_at_panels": XUI_LOOK_SECONDS,
    "vpnconfigs.reconcile": XUI_RECONCILE_SECONDS,
    "integrations.poll_yandex": YANDEX_POLL_SECONDS,
    # Each account once an hour: what was not compared in one round is in the next.
    "integrations.reconcile_avito": 300,
    "integrations.look_at_groups": 300,
    "integrations.record_beat_tick": 30,
    "integrations.delete_old_rows": 3600,
    "accounts.delete_old_rows": 3600,
    "notifications.delete_old_rows": 3600,
    "integrations.delete_unused_files": 21600,
    "vpnconfigs.advance_states": 30,
    "vpnconfigs.plan_expiry_notices": PROCESS_PERIOD_SECONDS,
    "vpnconfigs.publish_news": 30,
    "vpnconfigs.announce_news": 60,
    "vpnconfigs.reward_referrers": 60,
    "vpnconfigs.run_mass_actions": 30,
}
CELERY_BEAT_SCHEDULE = {
    task: {
        "task": task,
        "schedule": schedule(timedelta(seconds=seconds)),
        # Bells that no worker took in time are rung again anyway.
        "options": {"expires": seconds},
    }
    for task, seconds in _EVERY.items()
}

AUTH_USER_MODEL = "accounts.User"
# User names are unique without regard to case, by an index on lower(username).
# Lock-out is answered as every other refusal is, without the middleware of django-axes.
SILENCED_SYSTEM_CHECKS = ["auth.W004", "axes.W002"]
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "accounts.web.backends.PasswordBackend",
    "accounts.permissions.RoleBackend",
]
AXES_ENABLED = env.bool("LOCKOUT_ENABLED", default=True)
AXES_HANDLER = "accounts.services.lockout.LockoutHandler"
AXES_LOCKOUT_PARAMETERS = ["username", "ip_address"]
AXES_FAILURE_LIMIT = env.int("LOCKOUT_FAILURES", default=10)
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_FORM_FIELD = "username"
AXES_USERNAME_CALLABLE = "accounts.services.lockout.clean_login"
AXES_CLIENT_IP_CALLABLE = "accounts.services.lockout.address_of"
AXES_ENABLE_ADMIN = False
AXES_VERBOSE = False
# Staff opens the admin only with a second factor, and must have one.
STAFF_OTP_REQUIRED = env.bool("STAFF_OTP_REQUIRED", default=False)
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.BCryptSHA256PasswordHasher",
    "accounts.hashers.MovedBcryptHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
CSRF_FAILURE_VIEW = "config.web.errors.csrf_failure"
LOGIN_URL = "accounts:login"
LOGIN_REDIRECT_URL = "accounts:home"
SESSION_ENGINE = "django.contrib.sessions.backends.signed_cookies"
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_AGE = int(timedelta(days=30).total_seconds())

ACCESS_TOKEN_TTL_SECONDS = env.int("ACCESS_TOKEN_REDIS_TTL_SEC", default=600)
REFRESH_TOKEN_TTL_SECONDS = env.int("REFRESH_TOKEN_REDIS_TTL_SEC", default=30 * 86400)
JWT_EXPIRES_SECONDS = env.int("JWT_EXPIRES", default=7 * 86400)
SIMPLE_JWT = {"USER_ID_CLAIM": "sub", "ALGORITHM": "HS256", "SIGNING_KEY": SECRET_KEY}

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["accounts.api.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["config.lib.drf.JsonRenderer"],
    "DEFAULT_PARSER_CLASSES": [
        "rest_framework.parsers.JSONParser",
        "rest_framework.parsers.FormParser",
        "rest_framework.parsers.MultiPartParser",
    ],
    "DEFAULT_SCHEMA_CLASS": "config.lib.openapi.Schema",
    "EXCEPTION_HANDLER": "config.lib.drf.exception_handler",
    "UNAUTHENTICATED_USER": "django.contrib.auth.models.AnonymousUser",
}
SPECTACULAR_SETTINGS = {
    "TITLE": APP_NAME,
    "VERSION": VERSION,
    "DESCRIPTION": "A self-hosted front office for a business that lives in Telegram.",
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    # Two hundred operations at once are no overview.
    "SWAGGER_UI_SETTINGS": {"deepLinking": True, "docExpansion": "none", "filter": True},
    "COMPONENT_SPLIT_REQUEST": True,
    # The default hook gives enumerations made-up names, which change with their neighbours.
    "POSTPROCESSING_HOOKS": [],
}

LANGUAGE_CODE = "ru"
LANGUAGES = [("ru", _("Russian")), ("en", _("English"))]
LOCALE_PATHS = [BASE_DIR / "locale"]
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = env.path("STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))()
STATICFILES_DIRS = [BASE_DIR / "static"]
# Pictures and voices of conversations. Never served from here by a web server: a view asks who
# may see them.
MEDIA_ROOT = env.path("MEDIA_ROOT", default=str(BASE_DIR / "var" / "media"))()
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [SELF],
        "img-src": [SELF, "data:"],
        "base-uri": [SELF],
        "form-action": [SELF],
        "frame-ancestors": [NONE],
        "object-src": [NONE],
    },
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
CORS_ALLOWED_ORIGINS = env.list("CORS_ORIGINS", default=[])

TELEGRAM_API_BASE = env.str("TELEGRAM_API_BASE", default="https://api.telegram.org").rstrip("/")
TELEGRAM_BOT_TOKEN = env.str("TELEGRAM_BOT_TOKEN", default=env.str("MASTER_BOT_TOKEN", default=""))
TELEGRAM_BOT_PER_SECOND = env.float("TELEGRAM_BOT_PER_SECOND", default=30)
TELEGRAM_CHAT_PER_SECOND = env.float("TELEGRAM_CHAT_PER_SECOND", default=1)
TELEGRAM_GROUP_PER_MINUTE = env.float("TELEGRAM_GROUP_PER_MINUTE", default=20)
# Public keys by which Telegram signs Mini App data for third parties, hex. The one of its test
# servers is 40055058a4ee38156a06562e52eece92a771bcd8346a8c4615cb7376eddf72ec: never beside the
# real one, because people there may have anybody's id.
TELEGRAM_THIRD_PARTY_KEYS = env.list(
    "TELEGRAM_THIRD_PARTY_KEYS",
    default=["e7bf03a2fa4602af4580703d88dda5bb59f32ed8b02a56c187fe7d34caed242d"],
)
TELEGRAM_AUTH_MAX_AGE_SECONDS = env.int("TELEGRAM_AUTH_MAX_AGE", default=3600)
# Where people open bots in Telegram.
TELEGRAM_LINK_BASE = env.str("TELEGRAM_LINK_BASE", default="https://t.me").rstrip("/")
# The Login Widget loads a script from telegram.org into the sign-in page.
TELEGRAM_LOGIN_WIDGET = env.bool("TELEGRAM_LOGIN_WIDGET", default=False)
# "Log in with Telegram": shown only with a client id, which BotFather gives out with the secret.
TELEGRAM_OIDC_ISSUER = env.str("TELEGRAM_OIDC_ISSUER", default="https://oauth.telegram.org").rstrip(
    "/"
)
TELEGRAM_OIDC_CLIENT_ID = env.str("TELEGRAM_OIDC_CLIENT_ID", default="")
TELEGRAM_OIDC_CLIENT_SECRET = env.str("TELEGRAM_OIDC_CLIENT_SECRET", default="")
# Lets a bot that runs apart ask for sign-in links; empty: there is no such address.
MASTER_SERVICE_TOKEN = env.str("MASTER_SERVICE_TOKEN", default="")
AVITO_API_BASE = env.str("AVITO_API_BASE", default="https://api.avito.ru").rstrip("/")
# Where Avito keeps the pictures and voices of messages; anything below these names.
AVITO_MEDIA_HOSTS = env.list("AVITO_MEDIA_HOSTS", default=[".avito.st", ".avito.ru"])
AVITO_PER_SECOND = env.float("AVITO_PER_SECOND", default=5)
AVITO_CHAT_PER_SECOND = env.float("AVITO_CHAT_PER_SECOND", default=1)
YANDEX_API_BASE = env.str(
    "YANDEX_API_BASE", default="https://botapi.messenger.yandex.net/bot/v1"
).rstrip("/")
# The site's bot in Yandex Messenger; without it the channel is off.
YANDEX_BOT_TOKEN = env.str("YANDEX_BOT_TOKEN", default="")
# Whether Yandex brings what is written to the bot, or we fetch it.
YANDEX_WEBHOOK = env.bool("YANDEX_WEBHOOK", default=SITE_URL.startswith("https://"))
SANDBOX_URL = env.str("SANDBOX_URL", default="")
# Who may put the Mini App into a frame: Telegram's web clients, and the stand-in's stage.
TELEGRAM_WEB_ORIGINS = env.list(
    "TELEGRAM_WEB_ORIGINS",
    default=[
        "https://web.telegram.org",
        "https://webk.telegram.org",
        "https://weba.telegram.org",
        *(["{0.scheme}://{0.netloc}".format(urlsplit(SANDBOX_URL))] if SANDBOX_URL else []),
    ],
)
# Where 3X-UI panels may stand: names, addresses or networks, each with or without a port. Empty:
# anywhere in the open internet. Networks of ours must be named, or a panel's address could be
# used to look around in them.
XUI_ALLOWED_HOSTS = env.list(
    "XUI_ALLOWED_HOSTS", default=[urlsplit(SANDBOX_URL).netloc] if SANDBOX_URL else []
)
XUI_TIMEOUT_SECONDS = env.float("XUI_TIMEOUT_SECONDS", default=15)
# How long before the end of a config its person is told, each once; from the largest on it is
# "expiring".
CONFIG_EXPIRY_NOTIF_HOURS: list[int] = [
    int(hours) for hours in env.list("CONFIG_EXPIRY_NOTIF_HOURS", default=["72", "24", "3"])
]

EMAIL_HOST = env.str("EMAIL_HOST", default="localhost")
EMAIL_PORT = env.int("EMAIL_PORT", default=25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", default="")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", default="")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", default=False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", default="Depesha <noreply@localhost>")

PROMETHEUS_ENABLED = env.bool("PROMETHEUS_ENABLED", default=True)
METRICS_TOKEN = env.str("METRICS_TOKEN", default="")
METRICS_ADDRESSES = env.list("METRICS_ADDRESSES", default=["127.0.0.1", "::1"])

LOG_LEVEL = env.str("LOG_LEVEL", default="INFO")
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"context": {"()": "config.lib.logs.ContextFilter"}},
    "formatters": {"json": {"()": "config.lib.logs.RedactingJsonFormatter"}},
    "handlers": {
        "console": {
            "class": "logging.StreamHandler",
            "formatter": "json",
            "filters": ["context"],
        }
    },
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Their lines would hold request addresses, and a Bot API address holds the bot's token.
        "httpx": {"level": "WARNING"},
        "httpcore": {"level": "WARNING"},
        "urllib3": {"level": "WARNING"},
        "django.server": {"level": "WARNING"},
        # A line for each bell would drown the others: there is one every second.
        "celery.app.trace": {"level": "WARNING"},
        "celery.beat": {"level": "WARNING"},
        "celery.worker.strategy": {"level": "WARNING"},
        "environ.environ": {"level": "WARNING"},
    },
}
