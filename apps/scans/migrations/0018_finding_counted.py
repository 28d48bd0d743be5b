from django.contrib.postgres.operations import AddIndexConcurrently, RemoveIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """What counting reads, in the place of an index of open findings alone, and what lists of settled
    ones read; beside writers.
    """

    atomic = False

    dependencies = [("scans", "0017_finding_counts")]

    operations = [
        AddIndexConcurrently(
            model_name="finding",
            index=models.Index(fields=["series", "state", "severity"], name="finding_counted"),
        ),
        AddIndexConcurrently(
            model_name="finding",
            index=models.Index(
                condition=models.Q(("state", "open"), _negated=True)
                & models.Q(("is_preview", False)),
                fields=["state", "-severity", "-id"],
                name="finding_settled",
            ),
        ),
        RemoveIndexConcurrently(model_name="finding", name="finding_open_of_series"),
    ]
