from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("scans", "0008_raw_retention")]

    operations = [
        AddIndexConcurrently(
            model_name="report",
            index=models.Index(
                condition=~models.Q(storage_name="") & models.Q(finished_at__isnull=False),
                fields=["finished_at"],
                name="report_raw_kept",
            ),
        ),
    ]
