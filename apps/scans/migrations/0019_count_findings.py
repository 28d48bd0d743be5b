from django.db import migrations


class Migration(migrations.Migration):
    """What is there is counted once. What the release before changes meanwhile, the sweeper mends."""

    dependencies = [("scans", "0018_finding_counted")]

    operations = [
        migrations.RunSQL(
            "INSERT INTO scans_findingcount (series_id, state, severity, number) "
            "SELECT series_id, state, severity, count(*) FROM scans_finding "
            "GROUP BY series_id, state, severity",
            migrations.RunSQL.noop,
        ),
    ]
