import django.db.models.deletion
from django.contrib.postgres.operations import AddConstraintNotValid
from django.db import migrations, models


class Migration(migrations.Migration):
    """A question is asked on a system, too, or on no single thing; and keeps what it was asked about."""

    dependencies = [
        ("catalog", "0001_initial"),
        ("planning", "0007_answer_guidance"),
    ]

    operations = [
        migrations.AddField(
            model_name="question",
            name="system",
            field=models.ForeignKey(
                blank=True,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.CASCADE,
                related_name="questions",
                to="catalog.system",
            ),
        ),
        migrations.AddField(
            model_name="question",
            name="about",
            field=models.CharField(blank=True, db_default="", default="", max_length=24),
        ),
        migrations.RemoveConstraint(model_name="question", name="question_on_one_thing"),
        AddConstraintNotValid(
            model_name="question",
            constraint=models.CheckConstraint(
                condition=models.Q(("guidance", None), ("item", None))
                | models.Q(("item", None), ("system", None))
                | models.Q(("guidance", None), ("system", None)),
                name="question_on_one_at_most",
            ),
        ),
    ]
