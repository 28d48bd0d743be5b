from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import Q


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("scans", "0019_count_findings")]

    operations = [
        AddIndexConcurrently(
            model_name="finding",
            index=models.Index(
                fields=["first_seen_at"],
                include=["system", "state"],
                condition=Q(is_preview=False),
                name="finding_first_seen",
            ),
        ),
    ]
