"""What the sentences of the engine (apps/risks/quant/evidence.py) are made of, for bin/messages.

The engine is pure and speaks English; its sentences are stored, and put into the reader's language when they
are shown (apps/common/said.py).
"""

from django.utils.translation import pgettext_lazy

PIECES = (
    pgettext_lazy(
        "said", "{0}, {1} expected: the {2} moves from {3} ({4} to {5}) to {6} ({7} to {8})."
    ),
    pgettext_lazy("said", "{0} of {1} attempt got through"),
    pgettext_lazy("said", "{0} of {1} attempts got through"),
    pgettext_lazy("said", "{0} event in {1} year"),
    pgettext_lazy("said", "{0} events in {1} year"),
    pgettext_lazy("said", "{0} event in {1} years"),
    pgettext_lazy("said", "{0} events in {1} years"),
    pgettext_lazy("said", "yearly rate"),
    pgettext_lazy("said", "vulnerability"),
)
