from django.db import migrations

CREATE = """
CREATE TRIGGER risks_riskrevision_never_changes BEFORE UPDATE ON risks_riskrevision
FOR EACH ROW EXECUTE FUNCTION secops_refuse_change()
"""


class Migration(migrations.Migration):
    """A published revision stays what a decision was made on."""

    dependencies = [("risks", "0001_initial"), ("common", "0003_immutable_rows")]
    operations = [
        migrations.RunSQL(
            CREATE, "DROP TRIGGER risks_riskrevision_never_changes ON risks_riskrevision"
        )
    ]
