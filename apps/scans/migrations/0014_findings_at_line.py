from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [
        ("catalog", "0001_initial"),
        ("scans", "0013_series_to_group"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="finding",
            index=models.Index(
                condition=models.Q(vulnerabilities=[]),
                fields=["system", "line"],
                name="finding_at_line",
            ),
        ),
    ]
