"""Where a connector's lake is: decided by two settings, the same code for all four combinations."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class LakeLocation:
    """One lake holds one connector's tables.

    name: the connector, and the schema name in SQL (`stripe.customers`).
    catalog: a SQLite file, or a `postgresql://` URL (then the catalog is the schema `lake_<name>` in it).
    data: absolute folder or `s3://`, `gs://`, `az://` URL, ending in a slash.
    """

    name: str
    catalog: str
    data: str

    @property
    def on_postgres(self) -> bool:
        """The catalog is shared by many machines."""
        return self.catalog.startswith(("postgresql://", "postgres://"))

    @property
    def meta_schema(self) -> str:
        """Schema in PostgreSQL that holds this lake's catalog tables."""
        return f"lake_{self.name}"

    @property
    def on_disk(self) -> bool:
        """Data files are in a folder of this machine."""
        return "://" not in self.data


@dataclass(frozen=True, slots=True)
class Storage:
    """The workspace's two settings, resolved; `lake(name)` gives each connector's place."""

    lakes: Path
    url: str = ""
    catalog: str = ""

    def lake(self, name: str) -> LakeLocation:
        """Return where this connector's lake is."""
        catalog = self.catalog or str(self.lakes / f"{name}.db")
        data = f"{self.url.rstrip('/')}/{name}/" if self.url else f"{self.lakes / name}/"
        return LakeLocation(name=name, catalog=catalog, data=data)
