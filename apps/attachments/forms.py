from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as lazy

ACCEPTED = "image/png,image/jpeg,image/webp,image/gif"


class PictureForm(forms.Form):
    """One picture, for texts of a system, or of the library where none is named."""

    system = forms.CharField(required=False, max_length=60, widget=forms.HiddenInput)
    file = forms.FileField(
        label=lazy("Picture"), widget=forms.FileInput(attrs={"accept": ACCEPTED})
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["file"].help_text = lazy(
            "PNG, JPEG, WebP or GIF, at most %(limit)s MB. What a camera writes into it, such as the place, is "
            "left out; of an animation the first picture stays."
        ) % {"limit": settings.SECOPS_MAX_IMAGE_BYTES // 1024 // 1024}
