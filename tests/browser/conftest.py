"""People in a real browser: Chromium in front of the live server, on whichever database the suite runs.

A script's error, a message on the console and a request to any other host fail the test that caused it. With
KAIREON_SCREENSHOTS set to a folder, `shot` keeps every page there, light and dark.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from django.contrib.auth.models import User
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from kaireon.tenancy import Role
from tests.visitors import visit

CHROMIUM = os.environ.get("KAIREON_CHROMIUM", "/usr/bin/chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking"]
FLAGS += ["--disable-component-update", "--disable-default-apps", "--disable-sync", "--no-first-run", "--mute-audio"]
SIZE = {"width": 1440, "height": 900}
PATIENCE = 15_000  # milliseconds, for a machine that is busy with other things
GRAVE = {"serious", "critical"}
KEPT = "cookies,local_storage,indexeddb"

Enter = Callable[..., Page]
Windows = Callable[..., BrowserContext]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """What a page looks like hardly depends on the database: one run is enough unless a test says `both_databases`."""
    here = Path(__file__).parent
    for item in items:
        if item.path.is_relative_to(here) and item.get_closest_marker("both_databases") is None:
            item.add_marker("once")


@pytest.fixture(scope="session")
def chromium() -> Iterator[Browser]:
    """The one browser of a test process. Nothing is downloaded: it is the machine's own."""
    with _synchronous_queries(), sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def _synchronous_queries() -> Iterator[None]:
    """Playwright runs an event loop in this thread, in which Django would refuse to query."""
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("DJANGO_ALLOW_ASYNC_UNSAFE", "1")
        yield


@pytest.fixture(scope="session")
def windows(chromium: Browser) -> Iterator[Windows]:
    """Browser windows that go from test to test, so that scripts and styles are fetched and compiled once.

    Who is logged in and what pages keep in the browser goes with the test that did it.
    """
    kept: dict[tuple[bool, bool], BrowserContext] = {}

    def window(*, dark: bool, scripts: bool, home: str) -> BrowserContext:
        if (dark, scripts) not in kept:
            kept[dark, scripts] = chromium.new_context(
                base_url=home,
                color_scheme="dark" if dark else "light",
                reduced_motion="reduce",
                java_script_enabled=scripts,
                viewport=SIZE,
            )
        return kept[dark, scripts]

    yield window
    for context in kept.values():
        context.close()


@pytest.fixture
def people(transactional_db: None, person: Callable[[str], User]) -> Callable[[str], User]:
    """The tenant's person of a role, made when first asked for."""
    known: dict[str, User] = {}
    return lambda role: known.setdefault(role, known.get(role) or person(role))


@pytest.fixture
def faults() -> Iterator[list[str]]:
    """What went wrong on the pages of a test, in the browser's words; a test takes out what it meant to happen."""
    noted: list[str] = []
    yield noted
    assert noted == []


@pytest.fixture
def enter(live_server: Any, windows: Windows, people: Callable[[str], User], faults: list[str]) -> Iterator[Enter]:
    """Opens a page in which a person of the role, or the given user, is logged in; a test has one of each look.

    Pages are opened by path: `page.goto("/admin/")`.
    """
    expect.set_options(timeout=PATIENCE)
    contexts: list[BrowserContext] = []

    def open_for(who: str | User, *, dark: bool = False, scripts: bool = True) -> Page:
        context = windows(dark=dark, scripts=scripts, home=live_server.url)
        assert context not in contexts, "somebody else is logged in there"
        contexts.append(context)
        context.set_default_timeout(PATIENCE)
        session = visit(people(who) if isinstance(who, str) else who).cookies[settings.SESSION_COOKIE_NAME].value
        context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live_server.url}])
        page = context.new_page()
        _listen(page, live_server.url, faults)
        return page

    yield open_for
    for context in contexts:
        _leave(context, live_server.url)


def _leave(context: BrowserContext, home: str) -> None:
    """Closes the pages and forgets what was kept for them."""
    for page in context.pages[1:]:
        page.close()
    page = context.pages[0]
    page.unroute_all(behavior="ignoreErrors")
    context.new_cdp_session(page).send("Storage.clearDataForOrigin", {"origin": home, "storageTypes": KEPT})
    page.close()


def _listen(page: Page, home: str, faults: list[str]) -> None:
    """Notes whatever should not happen on a page."""
    page.on("pageerror", lambda error: faults.append(f"{page.url}: {error}"))
    page.on("console", lambda it: faults.append(f"{it.location['url']}: {it.text}") if it.type == "error" else None)
    away = ("data:", "blob:", "about:", home)
    page.on("request", lambda it: None if it.url.startswith(away) else faults.append(f"{page.url} asks {it.url}"))


@pytest.fixture
def page(enter: Enter) -> Page:
    """An admin's browser."""
    return enter(Role.ADMIN)


@pytest.fixture
def dark(enter: Enter) -> Page:
    """An admin's browser on a machine set to dark."""
    return enter(Role.ADMIN, dark=True)


@pytest.fixture
def axe() -> Callable[..., None]:
    """Fails when axe-core finds a serious or critical violation on the page, or in the part of it given."""

    def check(page: Page, within: str | None = None) -> None:
        found = Axe().run(page, context=within, options={"resultTypes": ["violations"]}).response["violations"]
        grave = [
            f"{it['id']} ({it['impact']}): {node['html'][:200]}\n    {node['failureSummary'][:300]}"
            for it in found
            if it["impact"] in GRAVE
            for node in it["nodes"]
        ]
        assert not grave, f"{page.url}\n" + "\n".join(grave)

    return check


@pytest.fixture
def shot() -> Callable[[Page, str], None]:
    """Keeps the whole page as a picture, light and dark, when somebody wants to look at it."""
    folder = os.environ.get("KAIREON_SCREENSHOTS")

    def take(page: Page, name: str) -> None:
        if folder is None:
            return
        for theme in ("dark", "light"):
            page.evaluate("theme => { document.documentElement.className = theme }", theme)
            page.screenshot(path=Path(folder) / f"{name}-{theme}.png", full_page=True, animations="disabled")

    return take
