"""Totals for budgets, decisions in one compact column, and room in the ledgers' pages for rows that grow."""

import django.db.models.deletion
from django.db import migrations, models


def drop_decisions(apps, schema_editor):
    """Decisions are kept for days only, and those of the former format cannot be read any more."""
    apps.get_model("decisioning", "Decision").objects.all().delete()
    apps.get_model("decisioning", "Manifest").objects.all().delete()


def leave_room(apps, schema_editor):
    """A ledger is rewritten with every contact; with half of each page free it stays in its page, and so do its keys."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE decisioning_contactledger SET (fillfactor = 50)")


def find_old_decisions(apps, schema_editor):
    """Decisions come in the order of their instants, so a summary per range of pages finds the old ones."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("CREATE INDEX decision_age ON decisioning_decision USING brin (decided_at)")


class Migration(migrations.Migration):

    dependencies = [
        ("decisioning", "0002_customers_ledgers_flows_decisions"),
        ("kaireon", "0002_guarded_memberships_and_secrets"),
    ]

    operations = [
        migrations.RunPython(drop_decisions, migrations.RunPython.noop, elidable=True),
        migrations.RunPython(leave_room, migrations.RunPython.noop),
        migrations.RemoveIndex(model_name="decision", name="decision_age"),
        migrations.RunPython(find_old_decisions, migrations.RunPython.noop),
        migrations.RemoveField(model_name="decision", name="answer"),
        migrations.RemoveField(model_name="decision", name="inputs"),
        migrations.AddField(
            model_name="decision",
            name="record",
            field=models.BinaryField(default=b""),
            preserve_default=False,
        ),
        migrations.CreateModel(
            name="BudgetTotal",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("dimension", models.CharField(max_length=16)),
                ("key", models.BigIntegerField()),
                ("slice", models.SmallIntegerField()),
                ("impressions", models.BigIntegerField(default=0)),
                ("micros", models.BigIntegerField(default=0)),
                (
                    "tenant",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="kaireon.tenant",
                    ),
                ),
            ],
            options={
                "verbose_name": "budget total",
                "constraints": [
                    models.UniqueConstraint(
                        fields=("tenant", "dimension", "key", "slice"), name="budget_total_once"
                    )
                ],
            },
        ),
    ]
