"""Indexes for the list of creatives: by status and type, the deleted, and on PostgreSQL by any part of a name."""

from django.db import migrations, models

MAY_SEARCH = """
SELECT EXISTS (SELECT FROM pg_extension WHERE extname = 'pg_trgm')
    OR EXISTS (SELECT FROM pg_available_extension_versions WHERE name = 'pg_trgm' AND (trusted OR NOT superuser))
   AND has_database_privilege(current_database(), 'CREATE')
"""
SEARCHED = ("name", "description")


def search_by_trigrams(apps, schema_editor):
    """Where the server has no trigrams to offer, the search reads all names instead, which takes a second or two."""
    if schema_editor.connection.vendor != "postgresql":
        return
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(MAY_SEARCH)
        (may,) = cursor.fetchone()
    if may:
        schema_editor.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
        for column in SEARCHED:
            schema_editor.execute(
                f"CREATE INDEX creative_{column}_part ON creatives_creative USING gin (upper({column}::text) gin_trgm_ops)"
            )


def search_by_reading(apps, schema_editor):
    if schema_editor.connection.vendor == "postgresql":
        for column in SEARCHED:
            schema_editor.execute(f"DROP INDEX IF EXISTS creative_{column}_part")


class Migration(migrations.Migration):

    dependencies = [
        ("creatives", "0001_initial"),
        ("kaireon", "0002_guarded_memberships_and_secrets"),
    ]

    operations = [
        migrations.AddIndex(
            model_name="creative",
            index=models.Index(fields=["tenant", "status", "-created_at", "-id"], name="creative_by_status"),
        ),
        migrations.AddIndex(
            model_name="creative",
            index=models.Index(fields=["tenant", "template_type", "-created_at", "-id"], name="creative_by_type"),
        ),
        migrations.AddIndex(
            model_name="creative",
            index=models.Index(
                fields=["tenant", "-created_at", "-id"],
                name="creative_deleted",
                condition=models.Q(deleted_at__isnull=False),
            ),
        ),
        migrations.RunPython(search_by_trigrams, search_by_reading),
    ]
