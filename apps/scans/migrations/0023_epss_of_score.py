from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """The CVEs of a score or more, by which findings are looked up; beside writers."""

    atomic = False

    dependencies = [("scans", "0022_finding_texts")]

    operations = [
        AddIndexConcurrently(
            model_name="epssscore",
            index=models.Index(fields=["score"], include=["cve"], name="epss_of_score"),
        ),
    ]
