from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("evidence", "0008_updates_of_reports")]

    operations = [
        AddIndexConcurrently(
            model_name="valueupdate",
            index=models.Index(
                condition=models.Q(("report__isnull", False)),
                fields=["report"],
                name="value_update_of_report",
            ),
        ),
    ]
