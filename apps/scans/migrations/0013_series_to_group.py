from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("scans", "0012_weakness_groups")]

    operations = [
        AddIndexConcurrently(
            model_name="series",
            index=models.Index(
                condition=models.Q(is_grouped=False, is_preview=False),
                fields=["system"],
                name="series_to_group",
            ),
        ),
    ]
