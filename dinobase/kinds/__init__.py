"""The vocabulary of an API connector: decisions without I/O."""
