"""People named in what others write: `@amara.okafor`, the part of an address before its @, or the whole address.

A name reaches only those who may read the text anyway; to everybody else, and of everybody else, it says nothing.
"""

from collections.abc import Iterable

from django.db.models import Exists, F, Func, OuterRef, Q, QuerySet, TextField, Value

from apps.accounts.models import User
from apps.accounts.roles import Permission
from apps.accounts.selectors import people_with
from apps.common.markdown import words_of
from apps.common.references import MENTION

MOST = 20  # people that one text calls
_LOCAL = Func(F("email"), Value("@"), Value(1), function="split_part", output_field=TextField())


def names_in(text: str) -> list[str]:
    """What stands behind an @ in the words of a Markdown text, code and links aside; lower case, once each."""
    found = (each.lower() for words in words_of(text) for each in MENTION.findall(words))
    return list(dict.fromkeys(found))[:MOST]


def mentioned(text: str, permission: Permission, system_id: int | None) -> list[str]:
    """The names in a text that are those of people who have the permission: kept with it, shown as names."""
    names = names_in(text)
    if not names:
        return []
    addresses = people_named(names, permission, system_id).values_list("email", flat=True)
    held = {each for address in addresses for each in (address, address.partition("@")[0])}
    return [name for name in names if name in held]


def people_named(
    names: Iterable[str], permission: Permission, system_id: int | None
) -> QuerySet[User]:
    """Those who are meant; two people of different domains who share a name are both."""
    asked = list(names)
    rows = people_with(permission, system_id).annotate(local=_LOCAL)
    return rows.filter(Q(email__in=asked) | Q(local__in=asked))


def people_called(names: Iterable[str]) -> dict[str, str]:
    """How those are called whom kept names mean, by the name: of the texts themselves, so that no page asks
    without need. A name that two people share stays as it was typed, without its @."""
    asked = sorted(set(names))
    if not asked:
        return {}
    called: dict[str, list[str]] = {name: [] for name in asked}
    rows = User.objects.annotate(local=_LOCAL).filter(Q(email__in=asked) | Q(local__in=asked))
    for email, local, name in rows.values_list("email", "local", "name"):
        for each in {email, local} & called.keys():
            called[each].append(name)
    return {name: found[0] if len(found) == 1 else name for name, found in called.items()}


def with_names(text: str, names: Iterable[str]) -> str:
    """The text with what people are called in place of what stands behind an @. names: as kept with it."""
    called = people_called(names)
    return MENTION.sub(lambda found: called.get(found["name"].lower(), found[0]), text)


def people_suggested(text: str, permission: Permission, system_id: int | None) -> QuerySet[User]:
    """Whose name begins like that, by name.

    `local`: the short name; `is_shared`: it is somebody else's, too, and only the address tells them apart.
    """
    rows = people_with(permission, system_id).annotate(local=_LOCAL)
    twins = User.objects.filter(is_active=True).annotate(local=_LOCAL)
    begins = Q(local__istartswith=text) | Q(name__istartswith=text) | Q(name__icontains=f" {text}")
    shared = Exists(twins.filter(local=OuterRef("local")).exclude(pk=OuterRef("pk")))
    return rows.filter(begins).annotate(is_shared=shared).order_by("name", "pk")
