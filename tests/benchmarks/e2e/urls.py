"""Kaireon's addresses with those of the benchmark before them, so that the floor is found first."""

from django.urls import path

from kaireon import urls as kaireon
from tests.benchmarks.e2e.floor import floor, worker
from tests.benchmarks.e2e.rival import RivalView

urlpatterns = [
    path("floor", floor),
    path("worker", worker),
    path("rival", RivalView.as_view()),
    *kaireon.urlpatterns,
]

handler400 = kaireon.handler400
handler500 = kaireon.handler500
