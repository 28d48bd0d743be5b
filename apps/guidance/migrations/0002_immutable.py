from django.db import migrations

CREATE = """
CREATE TRIGGER guidance_guidanceversion_never_changes BEFORE UPDATE ON guidance_guidanceversion
FOR EACH ROW EXECUTE FUNCTION secops_refuse_change()
"""


class Migration(migrations.Migration):
    """A published version stays what was read."""

    dependencies = [("guidance", "0001_initial"), ("common", "0003_immutable_rows")]
    operations = [
        migrations.RunSQL(
            CREATE,
            "DROP TRIGGER guidance_guidanceversion_never_changes ON guidance_guidanceversion",
        )
    ]
