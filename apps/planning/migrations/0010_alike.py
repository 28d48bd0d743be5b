import django.contrib.postgres.indexes
import django.contrib.postgres.search
from django.contrib.postgres.operations import AddIndexConcurrently
from django.db import migrations


class Migration(migrations.Migration):
    """For what is alike while an item or a question is typed."""

    atomic = False

    dependencies = [("planning", "0009_questions_checked")]

    operations = [
        AddIndexConcurrently(
            model_name="planningitem",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector("title", "question", config="english"),
                name="item_words",
            ),
        ),
        AddIndexConcurrently(
            model_name="planningitem",
            index=django.contrib.postgres.indexes.GinIndex(
                fields=["title"], name="item_title_trgm", opclasses=["gin_trgm_ops"]
            ),
        ),
        AddIndexConcurrently(
            model_name="question",
            index=django.contrib.postgres.indexes.GinIndex(
                django.contrib.postgres.search.SearchVector("body", config="english"),
                name="question_words",
            ),
        ),
    ]
