"""Statements that go past Django's cursors: inside of transactions all the same, whatever the words they are given."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext

from decisioning.models import ContactLedger
from kaireon.audit import ConfigurationHead
from kaireon.database.reading import patience
from kaireon.database.statements import dialect, fetch, listed, write
from kaireon.tenancy import Tenant

WORDS = ["plain", 'with "quotes"', "back\\slash", "comma, {brace}", "", "NULL", "émile", " spaced "]

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_transaction_that_begins_with_a_statement_is_undone_as_a_whole(tenant: Tenant) -> None:
    class Undone(Exception):
        pass

    table = ConfigurationHead._meta.db_table
    before = fetch(f"SELECT version FROM {table} WHERE tenant_id = %s", [tenant.pk])
    with pytest.raises(Undone), transaction.atomic():
        write(f"UPDATE {table} SET version = version + 1 WHERE tenant_id = %s RETURNING version", [tenant.pk])
        raise Undone
    assert fetch(f"SELECT version FROM {table} WHERE tenant_id = %s", [tenant.pk]) == before


def test_patience_lasts_for_the_transaction_and_no_longer() -> None:
    if connection.vendor != "postgresql":
        patience()  # which SQLite has as a setting of its own
        return
    timeouts = "SELECT current_setting('lock_timeout'), current_setting('statement_timeout')"
    usual = fetch(timeouts, [])
    with transaction.atomic():
        patience()
        assert fetch(timeouts, []) == [("1s", "2s")]
    assert fetch(timeouts, []) == usual


def test_lists_bring_words_and_numbers_as_they_are() -> None:
    assert fetch(f"SELECT count(*) FROM (SELECT 1) x WHERE 7 {dialect()['keys']}", [listed([3, 7])]) == [(1,)]
    assert fetch(f"SELECT count(*) FROM (SELECT 1) x WHERE 7 {dialect()['keys']}", [listed([])]) == [(0,)]
    for word in WORDS:
        found = f"SELECT count(*) FROM (SELECT 1) x WHERE %s {dialect()['words']}"
        assert fetch(found, [word, listed(WORDS)]) == [(1,)]
        assert fetch(found, [word, listed([each for each in WORDS if each != word])]) == [(0,)]


def test_rows_hold_numbers_texts_and_bytes_whether_or_not_anybody_listens() -> None:
    table = ContactLedger._meta.db_table
    sql = (
        f"SELECT CAST(7 AS bigint), CAST('émile' AS text), CAST(NULL AS text), l.records FROM {table} l WHERE l.id = %s"
    )
    tenant = Tenant.objects.create(key="typed")
    key = ContactLedger.objects.create(tenant=tenant, customer_id="ada", records=b"\0\xff").pk
    told = fetch(sql, [key])
    with CaptureQueriesContext(connection):
        assert fetch(sql, [key]) == told == [(7, "émile", None, b"\0\xff")]
    assert [type(value) for value in told[0]] == [int, str, type(None), bytes]
    assert fetch(f"{sql} AND 1 = 2", [key]) == []
