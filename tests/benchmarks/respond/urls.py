"""Kaireon's addresses with those of the benchmark before them."""

from django.urls import path

from kaireon import urls as kaireon
from tests.benchmarks.e2e.floor import worker
from tests.benchmarks.respond.plain import plain

urlpatterns = [path("plain", plain), path("worker", worker), *kaireon.urlpatterns]

handler400 = kaireon.handler400
handler500 = kaireon.handler500
