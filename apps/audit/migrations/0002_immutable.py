from django.db import migrations

CREATE = """
CREATE TRIGGER audit_auditentry_never_changes BEFORE UPDATE OR DELETE ON audit_auditentry
FOR EACH ROW EXECUTE FUNCTION secops_refuse_change()
"""


class Migration(migrations.Migration):
    """Who did what stays what it was: entries are added and read."""

    dependencies = [("audit", "0001_initial"), ("common", "0003_immutable_rows")]
    operations = [
        migrations.RunSQL(CREATE, "DROP TRIGGER audit_auditentry_never_changes ON audit_auditentry")
    ]
