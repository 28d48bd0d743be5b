"""Django reads these by the name of the language (FORMAT_MODULE_PATH)."""
