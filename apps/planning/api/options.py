"""Options that a body names."""

from apps.accounts.actors import Actor
from apps.common.errors import Invalid, Missing
from apps.planning.models import Option
from apps.planning.selectors import option_get


def option_named(viewer: Actor, number: int) -> Option:
    """Raises: Invalid, naming the field: the address was found, what the body names was not."""
    try:
        return option_get(viewer, number)
    except Missing as error:
        raise Invalid({"option": error.message}) from error
