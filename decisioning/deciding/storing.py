"""Storing decisions that bind nothing, and what all decisions rest on."""

from __future__ import annotations

from django.db import connection

from decisioning.deciding.decided import pack
from decisioning.deciding.histories import Recalled
from decisioning.deciding.lookup import Known
from decisioning.deciding.recommendations import Answer, Chosen
from decisioning.in_force.configuration import Configuration
from decisioning.in_force.manifest import manifest_of
from decisioning.models import Decision, Manifest
from kaireon.database.statements import instant, vendor, write

MOST_MANIFESTS = 10_000

_kept_manifests: set[tuple[int, int]] = set()


def forget_manifests() -> None:
    """Drops what was remembered; for tests, which give a tenant's key to another tenant."""
    _kept_manifests.clear()


def store(known: Known, chosen: Chosen, answer: Answer, recalled: Recalled) -> int:
    """Stores a decision that binds nothing; its key. A crash of the database server may lose the last second's."""
    lax = ", set_config('synchronous_commit', 'off', true)" if vendor() == "postgresql" else ""
    sql = f"""INSERT INTO {Decision._meta.db_table}
        (tenant_id, customer_id, decided_at, version, flow_version, record)
        VALUES (%s, %s, %s, %s, %s, %s) RETURNING id{lax}"""
    decided_at = instant(answer.at)
    values = [known.tenant.pk, known.customer_id, decided_at, chosen.configuration.version, answer.flow_version]
    key: int = write(sql, [*values, pack(answer, chosen, recalled)])[0][0]
    return key


def keep_manifest(known: Known, configuration: Configuration) -> None:
    """Stores what the version consisted of, unless an earlier decision has."""
    version = configuration.tenant, configuration.version
    if version in _kept_manifests:
        return
    rows = Manifest.objects.of(known.tenant)
    if not rows.filter(version=configuration.version).exists():
        row = Manifest(tenant=known.tenant, version=configuration.version, content=manifest_of(configuration))
        rows.bulk_create([row], ignore_conflicts=True)
    if not connection.in_atomic_block:  # what a transaction stores may never come to be
        if len(_kept_manifests) >= MOST_MANIFESTS:
            _kept_manifests.clear()
        _kept_manifests.add(version)
