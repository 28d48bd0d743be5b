"""Makes ``bin._local`` importable, so that the launcher is typed and tested like the rest."""
