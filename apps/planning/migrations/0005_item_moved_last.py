from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("planning", "0004_names_in_talk")]

    operations = [
        AddIndexConcurrently(
            model_name="planningitem",
            index=models.Index(fields=["status", "-updated_at", "-id"], name="item_moved_last"),
        ),
    ]
