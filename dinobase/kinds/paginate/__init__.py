"""The closed list of paginators; a new one is a file here and a line below."""

from __future__ import annotations

from typing import Annotated, TypeAlias

from dinobase.kinds.base import ByTag
from dinobase.kinds.paginate.cursor import Cursor
from dinobase.kinds.paginate.links import HeaderLink, JsonLink
from dinobase.kinds.paginate.offset import Offset
from dinobase.kinds.paginate.page_number import PageNumber
from dinobase.kinds.paginate.relay import Relay
from dinobase.kinds.paginate.single_page import SinglePage

Paginator: TypeAlias = Annotated[
    Cursor | JsonLink | HeaderLink | Offset | PageNumber | SinglePage | Relay, ByTag("type")
]
