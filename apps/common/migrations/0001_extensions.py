from django.contrib.postgres.operations import TrigramExtension
from django.db import migrations


class Migration(migrations.Migration):
    """pg_trgm, for searches that forgive typing errors. A trusted extension: no superuser is needed."""

    initial = True
    dependencies = []
    operations = [TrigramExtension()]
