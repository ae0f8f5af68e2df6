"""A listing in which an API tells what fields an account has: data of the connector's file, as all else in it."""

from __future__ import annotations

from typing import Any, TypeAlias

from dinobase.kinds.base import Field, Kind

Json: TypeAlias = Any


class Fields(Kind):
    """The account's own fields, read at each sync: what they mean is annotated, and more of them are asked for."""

    path: str = Field(description="Appended to base_url; each record that it lists is a field.")
    params: dict[str, Json] = Field(default_factory=dict, description="Query parameters.")
    data_selector: str | None = Field(default=None, description="JSONPath to the array of fields; `$` the whole body.")
    name: str = Field(default="name", description="Where a field's name stands.")
    under: str = Field(default="", description="Object of the table's records that holds the fields.")
    description: list[str] = Field(
        default_factory=list, description="Where its meaning stands: a label first, then a text; both are told."
    )
    values: str = Field(default="", description="Where the list of its codes stands.")
    value: str = Field(default="value", description="Where in the list a code stands.")
    label: str = Field(default="label", description="Where in the list its meaning stands.")
    ask: str = Field(
        default="", description="Key of body or params, of `retrieve` too, that names the fields to send: it gets more."
    )
    ask_where: dict[str, Json] = Field(
        default_factory=dict,
        description="Only fields with these values are asked for beside the named ones; false: or without one.",
    )
    type: str = Field(default="", description="Where its type stands.")
    types: dict[str, str] = Field(default_factory=dict, description="SQL types of the fields asked for, by that type.")
