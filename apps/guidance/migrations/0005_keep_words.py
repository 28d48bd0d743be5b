from django.db import migrations

KEEP = """
INSERT INTO guidance_guidanceword (guidance_id, word, is_working, is_published)
SELECT guidance_id, word, bool_or(is_working), bool_or(NOT is_working)
FROM (
    SELECT id AS guidance_id, true AS is_working,
           concat_ws(' ', title, summary, condition, consequence, body) AS text
    FROM guidance_guidance
    UNION ALL
    SELECT piece.id, false, concat_ws(' ', version.title, version.summary, version.condition,
                                      version.consequence, version.body)
    FROM guidance_guidance piece JOIN guidance_guidanceversion version ON version.id = piece.current_id
) texts, unnest(tsvector_to_array(to_tsvector('simple', text))) word
WHERE word ~ '^[^[:digit:][:punct:][:space:]]{4,40}$' AND numnode(plainto_tsquery('english', word)) > 0
GROUP BY guidance_id, word
"""


class Migration(migrations.Migration):
    """Of the pieces that are there; what the release before writes meanwhile is kept when it is next edited."""

    dependencies = [("guidance", "0004_words")]

    operations = [migrations.RunSQL(KEEP, migrations.RunSQL.noop)]
