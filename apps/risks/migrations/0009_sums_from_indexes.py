from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations, models


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("risks", "0008_opinions")]

    operations = [
        AddIndexConcurrently(
            model_name="valuation",
            index=models.Index(
                fields=["id"], include=["expected_annual_loss"], name="valuation_loss"
            ),
        ),
        AddIndexConcurrently(
            model_name="riskrevision",
            index=models.Index(fields=["id"], include=["valuation"], name="revision_valuation"),
        ),
        AddIndexConcurrently(
            model_name="riskstatement",
            index=models.Index(
                condition=models.Q(state="published"),
                fields=["item"],
                include=["id", "option", "published", "system"],
                name="statement_counting",
            ),
        ),
    ]
