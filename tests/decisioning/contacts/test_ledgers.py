"""A ledger says what history says, and decisions do not mind which of the two they read."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from decisioning.contacts.ledgers import Claim, Held, faults, grown, refill
from decisioning.contacts.outlines import lock_outlines, tell
from decisioning.deciding.histories import decoded
from decisioning.engine import ledger as codec
from decisioning.engine.facts import Contact, Facts
from decisioning.models import ContactLedger, Interaction, Word
from decisioning.models.ledgers import EVERYTHING
from kaireon import clock
from kaireon.tenancy import Tenant

pytestmark = pytest.mark.django_db

NOON = datetime(2026, 6, 1, 12, tzinfo=UTC)
NOW = clock.milliseconds(NOON)


def recorded(tenant: Tenant, customer: str, *, since: int, now: int) -> Facts | None:
    """What the customer's ledger says; None when it does not hold all there is from `since` on."""
    row = ContactLedger.objects.of(tenant).filter(customer_id=customer).first()
    held = None if row is None else Held(*row.ledger, revision=row.revision).since(since)
    return None if held is None else decoded(tenant, held, holds=b"", now=now)


def happened(tenant: Tenant, customer: str, hours_ago: float, **own: object) -> Interaction:
    at = NOON - timedelta(hours=hours_ago)
    values = {"outcome": "impression", "offer_key": 7, "label": "upsell", "campaign_id": "spring"} | own
    return Interaction.objects.create(tenant=tenant, customer_id=customer, at=at, recorded_at=at, **values)


def test_a_refilled_ledger_holds_every_field_newest_first(tenant: Tenant) -> None:
    happened(tenant, "ada", 2)
    happened(tenant, "ada", 1, outcome="complaint", label=None, campaign_id=None, channel_key=3)
    happened(tenant, "ada", 3, label="")
    refill(tenant, ["ada"])
    facts = recorded(tenant, "ada", since=EVERYTHING, now=NOW)
    assert facts is not None
    assert [
        (contact.at, contact.outcome, contact.offer, contact.channel, contact.label, contact.campaign)
        for contact in facts.contacts
    ] == [
        (NOW - 3_600_000, "complaint", 7, 3, None, None),
        (NOW - 7_200_000, "impression", 7, None, "upsell", "spring"),
        (NOW - 10_800_000, "impression", 7, None, "", "spring"),
    ]


def test_a_ledger_that_is_full_says_from_when_it_is_complete(tenant: Tenant) -> None:
    held = codec.KEPT_RECENT + codec.MOST_OLDER
    for hour in range(held + 5):
        happened(tenant, "ada", hour)
    refill(tenant, ["ada"])
    row = ContactLedger.objects.get()
    oldest_dropped = NOW - held * 3_600_000
    assert (row.recent_from, row.complete_from) == (NOW - codec.KEPT_RECENT * 3_600_000 + 1, oldest_dropped + 1)
    assert recorded(tenant, "ada", since=oldest_dropped, now=NOW) is None
    assert recorded(tenant, "ada", since=oldest_dropped + 1, now=NOW) is not None


def test_a_ledger_grows_into_its_older_part_and_says_what_history_says(tenant: Tenant) -> None:
    happened(tenant, "ada", 1000)
    refill(tenant, ["ada"])
    for hour in range(999, 0, -1):
        tell(tenant, lock_outlines(tenant, ["ada"]), {"ada": [happened(tenant, "ada", hour)]}, {})
        if hour % 100 == 0:
            assert list(faults(tenant, ["ada"])) == []
    row = ContactLedger.objects.get()
    assert len(codec.decode(bytes(row.records))) <= codec.MOST_RECENT
    assert len(codec.decode(bytes(row.older))) == codec.MOST_OLDER
    assert row.recent_from > row.complete_from > EVERYTHING
    assert list(faults(tenant, ["ada"])) == []


def test_what_arrives_late_is_found_whichever_part_it_belongs_to(tenant: Tenant) -> None:
    for hour in range(codec.MOST_RECENT + 1):
        happened(tenant, "ada", hour)
    refill(tenant, ["ada"])
    late = happened(tenant, "ada", codec.MOST_RECENT - 0.5)
    assert clock.milliseconds(late.at) < ContactLedger.objects.get().recent_from
    tell(tenant, lock_outlines(tenant, ["ada"]), {"ada": [late]}, {})
    assert list(faults(tenant, ["ada"])) == []
    facts = recorded(tenant, "ada", since=EVERYTHING, now=NOW)
    assert facts is not None
    assert len(facts.records) == codec.MOST_RECENT + 2


def test_a_full_ledger_whose_older_part_nobody_read_is_tidied_by_the_next_who_reads_it(tenant: Tenant) -> None:
    for hour in range(codec.MOST_RECENT + 1):
        happened(tenant, "ada", hour)
    refill(tenant, ["ada"])
    held = Held(*ContactLedger.objects.get().ledger, revision=1)
    contacts = [Contact(NOW)] * (codec.MOST_RECENT - codec.KEPT_RECENT + 1)
    unread = grown(tenant, held._replace(older=None), contacts, [], now=NOW)
    assert (unread.older, codec.is_full(unread.records)) == (None, True)
    tidy = grown(
        tenant, unread._replace(older=held.older), [Contact(NOW)], [Claim(1, 1, NOW + 1, Contact(NOW))], now=NOW
    )
    assert [len(codec.decode(part or b"")) for part in tidy[:2]] == [codec.KEPT_RECENT, 51]
    assert tidy.holds


def test_a_recent_part_that_says_more_of_itself_than_it_holds_is_found(tenant: Tenant) -> None:
    for hour in range(codec.MOST_RECENT + 1):
        happened(tenant, "ada", hour)
    refill(tenant, ["ada"])
    assert list(faults(tenant, ["ada"])) == []
    ContactLedger.objects.update(recent_from=EVERYTHING)
    assert list(faults(tenant, ["ada"])) == ["ada"]


def test_nobody_knows_anything_of_a_customer_without_a_ledger(tenant: Tenant) -> None:
    assert recorded(tenant, "ada", since=0, now=NOW) is None


def test_what_is_dated_later_counts_as_now(tenant: Tenant) -> None:
    happened(tenant, "ada", -1)
    refill(tenant, ["ada"])
    facts = recorded(tenant, "ada", since=0, now=NOW)
    assert facts is not None
    assert [contact.at for contact in facts.contacts] == [NOW]


def test_refilling_raises_the_revision_and_numbers_each_word_once(tenant: Tenant, foreign_tenant: Tenant) -> None:
    happened(tenant, "ada", 1)
    happened(foreign_tenant, "ada", 1, label="other")
    for _ in range(3):
        refill(tenant, ["ada"])
    refill(foreign_tenant, ["ada"])
    assert ContactLedger.objects.get(tenant=tenant).revision == 3
    assert sorted(Word.objects.of(tenant).values_list("text", flat=True)) == ["impression", "spring", "upsell"]
    assert sorted(Word.objects.of(foreign_tenant).values_list("text", flat=True)) == ["impression", "other", "spring"]


def test_the_commands_rebuild_and_find_what_is_wrong(tenant: Tenant) -> None:
    for customer in ("ada", "bob", "eve"):
        happened(tenant, customer, 1)
    call_command("rebuild_ledgers", tenant="acme", verbosity=0, stdout=StringIO())
    assert list(faults(tenant, ["ada", "bob", "eve"])) == []
    happened(tenant, "bob", 2)
    said = StringIO()
    with pytest.raises(CommandError):
        call_command("verify_ledgers", tenant="acme", verbosity=0, stdout=StringIO(), stderr=said)
    assert "ledger of bob" in said.getvalue()
    call_command("rebuild_ledgers", tenant="acme", verbosity=0, stdout=StringIO())
    said = StringIO()
    call_command("verify_ledgers", tenant="acme", verbosity=0, stdout=said)
    assert said.getvalue().strip() == "acme: 3 right, 0 failed"


def test_an_import_leaves_right_ledgers(tenant: Tenant, tmp_path: object) -> None:
    from pathlib import Path

    path = Path(str(tmp_path)) / "touches.csv"
    path.write_text(
        "customerId,timestamp,outcome,channel\n"
        "ada,2026-05-01T10:00:00Z,impression,Email\n"
        "bob,2026-05-01T10:00:00Z,impression,Email\n"
        "ada,2026-04-01T10:00:00Z,convert,Email\n"
    )
    call_command("import_interactions", str(path), tenant="acme", create_missing=True, verbosity=0, stdout=StringIO())
    assert ContactLedger.objects.count() == 2
    assert list(faults(tenant, ["ada", "bob"])) == []
    facts = recorded(tenant, "ada", since=EVERYTHING, now=NOW)
    assert facts is not None
    assert [contact.outcome for contact in facts.contacts] == ["impression", "convert"]
