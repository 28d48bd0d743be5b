import django.contrib.postgres.indexes
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    """What findings are searched by; the sweeper fills it, and until then searches read findings."""

    dependencies = [("common", "0001_extensions"), ("scans", "0021_withdrawn_acts")]

    operations = [
        migrations.AddField(
            model_name="series",
            name="has_texts",
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name="FindingText",
            fields=[
                (
                    "finding",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        primary_key=True,
                        related_name="+",
                        serialize=False,
                        to="scans.finding",
                    ),
                ),
                ("text", models.TextField()),
            ],
            options={
                "indexes": [
                    django.contrib.postgres.indexes.GinIndex(
                        fields=["text"], name="finding_text_says", opclasses=["gin_trgm_ops"]
                    )
                ],
            },
        ),
    ]
