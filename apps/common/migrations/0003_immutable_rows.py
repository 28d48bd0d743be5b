from django.db import migrations

CREATE = """
CREATE FUNCTION secops_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: its rows never change', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END
$$
"""


class Migration(migrations.Migration):
    """The function behind every table whose rows must not change (audit entries, published versions)."""

    dependencies = [("common", "0002_outbox")]
    operations = [migrations.RunSQL(CREATE, "DROP FUNCTION secops_refuse_change()")]
