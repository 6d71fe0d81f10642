"""Settings: everything that differs between machines comes from the environment, read strictly."""

from pathlib import Path

import dj_database_url
from django.core.exceptions import ImproperlyConfigured

from kaireon import env

BASE_DIR = Path(__file__).resolve().parent.parent

# Development is the default, so that a clone starts with one command. It answers to loopback names only (Django
# refuses any other Host while DEBUG is on and ALLOWED_HOSTS is empty); with DEBUG=False nothing starts without secrets.
DEBUG = env.flag("DEBUG", default=True)
SECRET_KEY = env.secret("SECRET_KEY", development="development-only-secret-key" if DEBUG else None)
API_KEY_PEPPER = env.secret("API_KEY_PEPPER", development="development-only-pepper" if DEBUG else None)
ALLOWED_HOSTS = env.words("ALLOWED_HOSTS")
CSRF_TRUSTED_ORIGINS = env.words("CSRF_TRUSTED_ORIGINS")
CSRF_FAILURE_VIEW = "kaireon.api.errors.csrf_failure"

# Plain HTTP behind a proxy is the normal case; TLS is the proxy's business unless these say otherwise.
SECURE_SSL_REDIRECT = env.flag("SECURE_SSL_REDIRECT", default=False)
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = env.flag("SECURE_COOKIES", default=False)
if env.flag("TRUST_PROXY_HEADERS", default=False):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

INSTALLED_APPS = [
    "kaireon",
    "creatives",
    "policies",
    "decisioning",
    "unfold.apps.BasicAppConfig",  # the theme; the site is kaireon.admin.site
    "unfold.contrib.filters",  # its filters that search
    "kaireon.apps.AdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "rest_framework",
    "django_filters",
    "simple_history",
    "drf_spectacular",
    "drf_spectacular_sidecar",
]

MIDDLEWARE = [
    "kaireon.middleware.RequestIdMiddleware",
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.common.CommonMiddleware",
    "kaireon.api.plain.ShortWayMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]

ROOT_URLCONF = "kaireon.urls"
WSGI_APPLICATION = "kaireon.wsgi.application"
APPEND_SLASH = True

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
            ]
        },
    }
]

# Lower case, so that it is no setting: Django shows settings on its debug page, and this one may hold a password.
database_url = env.text("DATABASE_URL", default=f"sqlite:///{BASE_DIR / 'var' / 'kaireon.sqlite3'}")
try:
    database = dj_database_url.parse(database_url, conn_max_age=None)
except (dj_database_url.ParseError, ValueError) as error:
    raise ImproperlyConfigured(
        "DATABASE_URL cannot be read; write sqlite:///path or postgres://user:password@host:port/name."
    ) from error
if database["ENGINE"] == "django.db.backends.sqlite3":
    # IMMEDIATE takes the write lock at BEGIN, so a transaction that read first is never refused when it writes.
    database["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
    }
elif database["ENGINE"] != "django.db.backends.postgresql":
    raise ImproperlyConfigured("DATABASE_URL names neither SQLite nor PostgreSQL; Kaireon supports these two.")
DATABASES = {"default": database}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]

LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = "kaireon.formats"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
WHITENOISE_USE_FINDERS = True  # static files come straight from the packages; no collectstatic step to forget

DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
DECISION_RETENTION_DAYS = env.number("DECISION_RETENTION_DAYS", default=7, minimum=1)  # what apply_retention keeps
RATE_LIMIT_PER_MINUTE = env.number("RATE_LIMIT_PER_MINUTE", default=0)  # per key; 0 = no limit

REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": [
        "kaireon.api.authentication.ApiKeyAuthentication",
        "kaireon.api.authentication.SessionAuthentication",
    ],
    "DEFAULT_PERMISSION_CLASSES": ["kaireon.api.permissions.HasRole"],
    "DEFAULT_THROTTLE_CLASSES": ["kaireon.api.throttling.KeyRateThrottle"],
    "DEFAULT_PARSER_CLASSES": ["kaireon.api.parsing.StrictJSONParser"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_METADATA_CLASS": None,  # OPTIONS is 405; /api/v1/schema describes every address
    "DEFAULT_FILTER_BACKENDS": ["kaireon.api.filters.StrictFilterBackend"],
    "DEFAULT_SCHEMA_CLASS": "kaireon.api.schema.KaireonSchema",
    "EXCEPTION_HANDLER": "kaireon.api.errors.answer_exception",
    "URL_FORMAT_OVERRIDE": None,
}

SPECTACULAR_SETTINGS = {
    "TITLE": "Kaireon",
    "DESCRIPTION": "Decides which offer a customer may be shown, where, right now, and proves why.",
    "VERSION": "1",
    "SCHEMA_PATH_PREFIX": "/api/v1",
    "SERVE_INCLUDE_SCHEMA": False,
    "SERVE_PERMISSIONS": ["rest_framework.permissions.AllowAny"],
    "SERVE_AUTHENTICATION": [],
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "COMPONENT_SPLIT_REQUEST": True,
    "POSTPROCESSING_HOOKS": [
        "drf_spectacular.hooks.postprocess_schema_enums",
        "kaireon.api.schema.tidy",
        "policies.schema.describe_rules",
    ],
    "ENUM_NAME_OVERRIDES": {"Status": "kaireon.lifecycle.Status"},
    "ENUM_GENERATE_CHOICE_DESCRIPTION": False,
}

LOGIN_REDIRECT_URL = "admin:index"
UNFOLD = {
    "SITE_TITLE": "Kaireon",
    "SITE_HEADER": "Kaireon",
    "SITE_SUBHEADER": "kaireon.admin.entrance.tenant_name",
    "SITE_DROPDOWN": "kaireon.admin.entrance.doors",
    "SITE_SYMBOL": "rule",
    "SITE_URL": None,
    "SHOW_BACK_BUTTON": True,
    "SIDEBAR": {"show_search": True, "navigation": "kaireon.admin.navigation.groups"},
    "SITE_FAVICONS": [{"rel": "icon", "type": "image/svg+xml", "href": "kaireon.admin.navigation.favicon"}],
    "STYLES": ["kaireon.admin.navigation.stylesheet", "kaireon.admin.navigation.charts_stylesheet"],
    "SCRIPTS": ["kaireon.admin.navigation.script"],
    "BORDER_RADIUS": "8px",
    "COLORS": {
        "primary": {
            "50": "oklch(97% .02 255)",
            "100": "oklch(93% .04 255)",
            "200": "oklch(88% .07 255)",
            "300": "oklch(81% .11 255)",
            "400": "oklch(71% .15 255)",
            "500": "oklch(62% .18 257)",
            "600": "oklch(54% .19 259)",
            "700": "oklch(47% .18 260)",
            "800": "oklch(41% .15 261)",
            "900": "oklch(37% .12 262)",
            "950": "oklch(28% .09 264)",
        }
    },
}

SIMPLE_HISTORY_DATE_INDEX = False  # history is read per row, newest first, never by date alone

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "filters": {"request": {"()": "kaireon.middleware.RequestIdFilter"}},
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s] %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "filters": ["request"], "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {"django.request": {"level": "ERROR"}},  # a refused request is an answer, not an incident
}
