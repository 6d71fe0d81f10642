"""Kaireon's addresses with those of the benchmark before them."""

from django.urls import path

from kaireon import urls as kaireon
from tests.benchmarks.caps.plain import insert, insert_prepared
from tests.benchmarks.e2e.floor import worker

urlpatterns = [
    path("insert", insert),
    path("insert-prepared", insert_prepared),
    path("worker", worker),
    *kaireon.urlpatterns,
]

handler400 = kaireon.handler400
handler500 = kaireon.handler500
