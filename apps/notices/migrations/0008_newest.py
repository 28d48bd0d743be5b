from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("notices", "0007_advice_and_value_kinds")]

    operations = [
        AddIndexConcurrently(
            model_name="notice",
            index=models.Index(fields=["user", "-created_at", "-id"], name="notice_newest"),
        ),
    ]
