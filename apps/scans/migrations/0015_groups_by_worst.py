from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models
from django.db.models import F


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [
        ("catalog", "0001_initial"),
        ("scans", "0014_findings_at_line"),
    ]

    operations = [
        AddIndexConcurrently(
            model_name="weaknessgroup",
            index=models.Index(
                F("severity").desc(),
                F("tools__len").desc(),
                F("sightings").desc(),
                F("finding_id"),
                name="weakness_group_worst",
            ),
        ),
    ]
