"""What a sync of one connector is asked for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from dinobase.core.settings import Paths
from dinobase.core.values import Observer
from dinobase.lake.location import LakeLocation
from dinobase.load.spool import WORTH
from dinobase.spec.models import Connector, Resource

if TYPE_CHECKING:
    from dinobase.sync.reading import Source


@dataclass(frozen=True, slots=True)
class SyncRequest:
    """What to sync: `connector` with its credentials in it, `identity` the text that makes a spool its own.

    catalog: the PostgreSQL URL that records go to, "" for the workspace's own file. resume_after: seconds of fetching
    from which an interrupted listing goes on where it was; a shorter one begins anew. choose: takes the definition as
    the open session knows it to the resources, where only the source itself can tell which there are. source: what is
    read in place of requests, where the kind is one in Python.
    """

    name: str
    connector: Connector
    resources: Sequence[Resource]
    location: LakeLocation
    paths: Paths
    identity: str
    observe: Observer
    full_refresh: bool = False
    catalog: str = ""
    resume_after: float = WORTH
    by: str = "cli"
    choose: Callable[[Connector], Sequence[Resource]] | None = None
    source: Source | None = None
