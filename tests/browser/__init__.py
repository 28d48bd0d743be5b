"""What only a browser shows. A package, so that pytest ends the browser behind its last test."""
