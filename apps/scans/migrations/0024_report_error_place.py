import django.contrib.postgres.fields
from django.db import migrations, models


class Migration(migrations.Migration):
    """Where in its file a report is wrong, so that a page need not read the file to find that out."""

    dependencies = [("scans", "0023_epss_of_score")]

    operations = [
        migrations.AddField(
            model_name="report",
            name="error_place",
            field=django.contrib.postgres.fields.ArrayField(
                base_field=models.BigIntegerField(), editable=False, null=True, size=3
            ),
        ),
    ]
