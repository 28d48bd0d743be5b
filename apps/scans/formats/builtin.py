"""The formats that come with the portal, as dotted paths, in the order in which docs list them."""

_MODULES = {
    "sarif": "Sarif",
}
BUILTIN = tuple(f"{__package__}.{module}.{name}" for module, name in _MODULES.items())
