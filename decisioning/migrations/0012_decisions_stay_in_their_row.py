from django.db import migrations


def keep_in_row(apps, schema_editor):
    """Records are packed already, and most fit into a page; trying to pack or moving them costs more than it saves."""
    if schema_editor.connection.vendor == "postgresql":
        schema_editor.execute("ALTER TABLE decisioning_decision ALTER COLUMN record SET STORAGE EXTERNAL")
        schema_editor.execute("ALTER TABLE decisioning_decision SET (toast_tuple_target = 8128)")


class Migration(migrations.Migration):

    dependencies = [
        ("decisioning", "0011_idempotency_keys_hold_no_tenant"),
    ]

    operations = [
        migrations.RunPython(keep_in_row, migrations.RunPython.noop),
    ]
