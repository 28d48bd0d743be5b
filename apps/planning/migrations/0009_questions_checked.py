from django.contrib.postgres.operations import AddIndexConcurrently, ValidateConstraint
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: rows are checked, and the index is made, without holding them up."""

    atomic = False

    dependencies = [("planning", "0008_questions_anywhere")]

    operations = [
        ValidateConstraint(model_name="question", name="question_on_one_at_most"),
        AddIndexConcurrently(
            model_name="question",
            index=models.Index(fields=["system"], name="question_of_system"),
        ),
    ]
