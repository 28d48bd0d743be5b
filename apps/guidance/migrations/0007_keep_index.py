from django.db import migrations

KEEP = """
INSERT INTO guidance_guidanceindex (guidance_id, is_working, vector)
SELECT guidance_id, is_working,
       setweight(to_tsvector('english', title), 'A')
       || setweight(to_tsvector('english', concat_ws(' ', array_to_string(technologies, ' '), summary,
              (SELECT string_agg('cwe' || cwe, ' ') FROM unnest(cwes) cwe))), 'B')
       || setweight(to_tsvector('english', concat_ws(' ', condition, consequence,
              (SELECT string_agg(concat_ws(' ', control ->> 'title', control ->> 'effect'), ' ')
               FROM jsonb_array_elements(controls) control))), 'C')
       || setweight(to_tsvector('english', body), 'D')
FROM (
    SELECT id AS guidance_id, true AS is_working, title, summary, technologies, cwes, condition, consequence,
           controls, body
    FROM guidance_guidance
    UNION ALL
    SELECT piece.id, false, version.title, version.summary, version.technologies, version.cwes,
           version.condition, version.consequence, version.controls, version.body
    FROM guidance_guidance piece JOIN guidance_guidanceversion version ON version.id = piece.current_id
) texts
ON CONFLICT (guidance_id, is_working) DO NOTHING
"""


class Migration(migrations.Migration):
    """Of the pieces that are there; what the release before writes meanwhile is kept when it is next edited."""

    dependencies = [("guidance", "0006_index")]

    operations = [migrations.RunSQL(KEEP, migrations.RunSQL.noop)]
