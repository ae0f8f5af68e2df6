"""Databases that are read through their own drivers: one file an engine, each a `Dialect`."""
