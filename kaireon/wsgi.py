"""The WSGI application that the server runs."""

import gc
import os

from django.conf import settings
from django.core.wsgi import get_wsgi_application
from django.urls import get_resolver

from kaireon.bodies import measured

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "kaireon.settings")
application = measured(get_wsgi_application(), most=settings.DATA_UPLOAD_MAX_MEMORY_SIZE)

# Every address is read now and not by the first request. All that is there by now stays as long as the process, so it
# is not looked through for garbage again and again: that took a third of the time of a call that brings many reports.
get_resolver()._populate()
gc.collect()
gc.freeze()
gc.set_threshold(10_000, 10, 10)  # objects of one large call are fewer, and they go without a collector
