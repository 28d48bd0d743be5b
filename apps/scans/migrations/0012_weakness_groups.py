import django.contrib.postgres.fields
import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("catalog", "0001_initial"),
        ("scans", "0011_raw_copies"),
    ]

    operations = [
        migrations.CreateModel(
            name="WeaknessGroup",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("digest", models.UUIDField()),
                ("weakness", models.TextField()),
                ("place", models.TextField()),
                ("severity", models.PositiveSmallIntegerField()),
                (
                    "tools",
                    django.contrib.postgres.fields.ArrayField(
                        base_field=models.CharField(max_length=120), size=None
                    ),
                ),
                ("sightings", models.PositiveIntegerField()),
                ("finding_id", models.BigIntegerField()),
                (
                    "system",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="%(class)ss",
                        to="catalog.system",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("system", "digest"), name="weakness_group_once_a_system"
                    )
                ],
            },
        ),
        migrations.AddField(
            model_name="series",
            name="is_grouped",
            field=models.BooleanField(db_default=False, default=False),
        ),
    ]
