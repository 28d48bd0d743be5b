from django.contrib.postgres.indexes import GinIndex, OpClass
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations
from django.db.models import F
from django.db.models.functions import Upper

SEARCHED = ("condition", "consequence", "asset", "threat_community", "effect")


class Migration(migrations.Migration):
    """Beside writers: an index that is made in a transaction would hold them up."""

    atomic = False

    dependencies = [("common", "0001_extensions"), ("risks", "0010_statement_says")]

    operations = [
        AddIndexConcurrently(
            model_name="riskrevision",
            index=GinIndex(
                *(OpClass(Upper(name), "gin_trgm_ops") for name in SEARCHED),
                F("cwes"),
                name="revision_says",
            ),
        ),
    ]
