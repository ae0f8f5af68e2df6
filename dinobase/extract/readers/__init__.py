"""Sources that are not HTTP: one file each, named by an import path in `sync/registry.py` and imported when used."""
