"""Whoever has a request id finds the request in the log."""

import logging

import pytest
from django.http import HttpRequest, HttpResponse
from django.test import RequestFactory

from kaireon.middleware import RequestIdFilter, RequestIdMiddleware


def test_what_is_logged_during_a_request_bears_its_id(caplog: pytest.LogCaptureFixture) -> None:
    caplog.handler.addFilter(RequestIdFilter())

    def view(request: HttpRequest) -> HttpResponse:
        logging.getLogger("kaireon").error("something failed")
        return HttpResponse()

    request = RequestFactory().get("/", headers={"X-Request-Id": "abc-1"})
    assert RequestIdMiddleware(view)(request)["X-Request-Id"] == "abc-1"
    logging.getLogger("kaireon").error("afterwards")
    assert [(record.message, record.request_id) for record in caplog.records] == [
        ("something failed", "abc-1"),
        ("afterwards", "-"),
    ]
