import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.production")

site = get_wsgi_application()

from config.lib.door import with_doors  # noqa: E402  needs a Django that is set up

application = with_doors(site)
