"""What a text is looked for in, kept beside findings so that a search reads what says it and no more."""

from django.contrib.postgres.indexes import GinIndex
from django.db import models


class FindingText(models.Model):
    """All that a finding is searched by, in capitals, a line each: title, rule, place, path, package, CVEs.

    A table of its own, written by the sweeper: to cut every text into threes takes longer than all else that
    an import does with a finding. Of a series whose texts are not kept yet (Series.has_texts), searches read
    the findings themselves; and whatever is found here is asked again of the finding.
    """

    finding = models.OneToOneField(
        "scans.Finding", primary_key=True, on_delete=models.CASCADE, related_name="+"
    )
    text = models.TextField()

    class Meta:
        indexes = [GinIndex(fields=["text"], name="finding_text_says", opclasses=["gin_trgm_ops"])]

    def __str__(self) -> str:
        return f"text of finding {self.finding_id}"
