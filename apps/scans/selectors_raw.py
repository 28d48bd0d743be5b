"""What the organisation keeps of raw reports."""

from apps.scans.models import RawCopies


def raw_copies_are_masked() -> bool:
    return RawCopies.objects.filter(pk=1, are_masked=True).exists()


def raw_copies() -> RawCopies | None:
    """Who said last what is kept, None where nobody did: reports as they were sent."""
    return RawCopies.objects.filter(pk=1).first()
