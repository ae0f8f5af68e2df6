"""The connector file as typed models: what SPEC.md names is a field here, and nothing else is allowed."""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from dinobase.kinds.auth import Auth
from dinobase.kinds.base import Field, Kind
from dinobase.kinds.failures import Errors
from dinobase.kinds.paginate import Paginator
from dinobase.spec.fields import Fields
from dinobase.spec.servers import Server, Tools

Json: TypeAlias = Any
WriteDisposition: TypeAlias = Literal["replace", "merge", "append"]


class Credential(Kind):
    """Something that `add` asks for."""

    name: str = Field(description="Internal name, used in `{templates}`.")
    flag: str = Field(default="", description="Command line flag; default `--` and the name with dashes.")
    env: str = Field(default="", description="Environment variable that `add` reads.")
    prompt: str = Field(default="", description="What a person is asked.")
    secret: bool = Field(default=True, description="Hide the input and the value.")
    default: str | None = Field(default=None, description="Used where flag, env and prompt give nothing.")
    required: bool = Field(default=True, description="Without it `add` refuses.")
    help: str = Field(default="", description="Where a person finds it.")


class RateLimit(Kind):
    """At most `requests` per span, over all processes of a workspace."""

    requests: int = Field(gt=0, description="How many requests.")
    per: str = Field(default="1s", description="Span: 500ms, 1s, 1m, 1h, 1d.")


class Retry(Kind):
    """When a read is tried again."""

    attempts: int = Field(default=5, ge=1, description="Tries in all.")
    statuses: tuple[int, ...] = Field(default=(), strict=False, description="Further statuses that are tried again.")
    max_wait: str = Field(default="5m", description="Longest single wait; a longer one fails the resource.")


class Client(Kind):
    """What all requests of the connector share."""

    base_url: str = Field(description="Where paths are appended.")
    headers: dict[str, str] = Field(default_factory=dict, description="Sent with every request.")
    auth: Auth | None = Field(default=None, description="How requests are authenticated.")
    paginator: Paginator | None = Field(default=None, description="How listings go on.")
    timeout: float = Field(default=60.0, gt=0, strict=False, description="Seconds until a request is given up.")
    rate_limit: RateLimit | None = Field(default=None, description="The API's documented limit.")
    concurrency: int = Field(default=8, ge=1, le=256, description="Requests in flight at once.")
    retry: Retry = Field(default_factory=Retry, description="When and how often a read is tried again.")
    errors: Errors | None = Field(default=None, description="Failures that the API tells inside a 200.")
    allow_hosts: tuple[str, ...] = Field(default=(), strict=False, description="Other hosts that next links may name.")


class Endpoint(Kind):
    """How a resource is asked for."""

    path: str | None = Field(default=None, description="Appended to base_url; default the resource's name.")
    method: Literal["GET", "POST"] = Field(default="GET", description="GET, or POST for search endpoints.")
    params: dict[str, Json] = Field(default_factory=dict, description="Query parameters; null removes a default.")
    data_selector: str | None = Field(default=None, description="JSONPath to the array of records; `$` the whole body.")
    base_url: str | None = Field(default=None, description="Overrides client.base_url.")
    headers: dict[str, str] = Field(
        default_factory=dict, description="Sent beside the client's; may carry `{incremental.start_value}`."
    )
    body: Json = Field(default=None, description="JSON body of a POST.")
    paginator: Paginator | None = Field(default=None, description="Overrides the client's.")
    optional: bool = Field(
        default=False, description="No rows where the last key of data_selector is missing; else that is an error."
    )


class Incremental(Kind):
    """Which field tracks change and how the API is asked for what came since."""

    cursor_path: str = Field(default="", description="Field in the record.")
    initial_value: str | int | float | None = Field(
        default=None, description="start_value of the first sync; `-90d` counts back from it."
    )
    lookback: str = Field(default="", description="Asked for again each time: 1h, 2d; a number for numeric cursors.")
    format: Literal["iso", "date", "unix", "unix_ms", "http"] | None = Field(
        default=None, description="How start_value is written; without it as the source wrote it."
    )
    order: Literal["asc", "desc"] | None = Field(
        default=None,
        description="The listing is ordered by the cursor; `desc`, newest first, ends at the first page that goes back "
        "behind start_value.",
    )
    window: str = Field(default="", description="Ask for one span after another: 30d.")
    restart_after: int | None = Field(default=None, gt=0, description="The API's cap; begin again at the last cursor.")
    token_path: str = Field(default="", description="JSONPath in the body to the next start_value.")


class Parent(Kind):
    """One request series per row of another resource."""

    resource: str = Field(description="The parent resource's name.")
    field: str = Field(description="Parent field whose value is used.")
    param: str = Field(description="Placeholder in the path that takes it.")
    only_changed: bool = Field(default=False, description="Only the parents that this run changed.")
    every: bool = Field(default=False, description="Every parent that there is, not only those that this run listed.")


class Column(Kind):
    """What is known about a column before any row is seen."""

    type: str | None = Field(default=None, description="SQL type; wins over inference.")
    description: str | None = Field(default=None, description="What it means.")
    note: str | None = Field(default=None, description="What a reader must know to use it right.")
    unit: str | None = Field(default=None, description="cents, epoch_s, epoch_ms, percent, an ISO currency, or a word.")
    pii: (
        Literal["email", "phone", "name", "address", "ip", "card", "iban", "national_id", "birth_date", "secret"] | None
    ) = Field(default=None, description="What kind of personal data it is.")
    values: dict[str, str] | list[str] | None = Field(default=None, description="Enum values, meanings optional.")
    deprecated: bool | str | None = Field(default=None, description="True, or what to use instead.")


class Relationship(Kind):
    """Which columns name a row of another table."""

    columns: list[str] = Field(description="Columns of this table.")
    to: str = Field(description="The other table; `connector.table` across sources.")
    to_columns: list[str] = Field(description="Columns of the other table.")


class Retrieve(Kind):
    """How one record is read by its key."""

    path: str = Field(description="Path with the key as placeholder.")
    params: dict[str, Json] = Field(default_factory=dict, description="Query parameters.")
    data_selector: str = Field(default="", description="JSONPath to the record; default the body.")


class Resource(Kind):
    """One table."""

    name: str = Field(description="The table.")
    description: str | None = Field(default=None, description="What a row is.")
    endpoint: Endpoint = Field(default_factory=Endpoint, description="How it is asked for.")
    primary_key: str | list[str] | None = Field(default=None, description="What identifies a row.")
    unique: Literal["global"] | None = Field(
        default=None, description="global: a child's key needs no parent's key beside it."
    )
    write_disposition: WriteDisposition | None = Field(
        default=None, description="Default merge where there is a primary key, else replace."
    )
    incremental: Incremental | None = Field(default=None, description="How changes are asked for.")
    parent: Parent | None = Field(default=None, description="One request series per parent row.")
    selected: bool = Field(default=True, description="False: only when asked for by --resources.")
    auth: str | None = Field(default=None, description="One of auth_methods.")
    columns: dict[str, Column] = Field(default_factory=dict, description="By column name or source path.")
    relationships: list[Relationship] = Field(default_factory=list, description="Which columns name other rows.")
    retrieve: Retrieve | None = Field(default=None, description="How one record is read by its key.")
    fields: Fields | None = Field(default=None, description="Where the API tells what fields the account has.")
    lift: list[str] = Field(default_factory=list, description="Objects whose fields go into the table itself.")
    max_nesting: int = Field(default=3, ge=1, le=16, description="Names in a column's path at most.")
    deletes: Literal["ignore", "soft", "hard"] = Field(default="ignore", description="Rows gone upstream.")
    empty_statuses: tuple[int, ...] = Field(
        default=(), strict=False, description="Further statuses that mean: no rows for this parent."
    )
    query: str | None = Field(default=None, description="GraphQL document with `$cursor`.")
    variables: dict[str, Json] = Field(default_factory=dict, description="Of the GraphQL document.")
    data_selector: str | None = Field(default=None, description="GraphQL, MCP: JSONPath to the nodes, from the body.")
    paginator: Paginator | None = Field(default=None, description="GraphQL: most often relay; MCP: of the arguments.")
    tool: str = Field(default="", description="MCP: the tool that is called; default the one of the table's name.")
    arguments: dict[str, Json] = Field(default_factory=dict, description="MCP: what the tool is called with.")
    text: Literal["blocks", "lines"] = Field(
        default="blocks", description="MCP: an answer that is no JSON is a row per block, or one per line."
    )


class ResourceDefaults(Kind):
    """Deep-merged under each resource."""

    endpoint: Endpoint | None = None
    primary_key: str | list[str] | None = None
    write_disposition: WriteDisposition | None = None
    incremental: Incremental | None = None
    selected: bool | None = None
    auth: str | None = None
    columns: dict[str, Column] | None = None
    lift: list[str] | None = None
    max_nesting: int | None = None
    deletes: Literal["ignore", "soft", "hard"] | None = None
    empty_statuses: tuple[int, ...] | None = Field(default=None, strict=False)
    paginator: Paginator | None = None


class WriteEndpoint(Kind):
    """One write operation of the API."""

    name: str = Field(description="`update_x`, `create_x`, `delete_x`, `batch_update_x`...")
    description: str = Field(default="", description="What it does.")
    method: Literal["POST", "PUT", "PATCH", "DELETE"] = Field(description="HTTP method.")
    path: str = Field(default="", description="`{id}` is the primary key; another `{name}` that column.")
    request_body_path: str | None = Field(
        default=None, description="Nest the body under this key; `operations[0].update`: in a list of one."
    )
    bulk: bool = Field(default=False, description="Up to max_batch_size rows a call.")
    max_batch_size: int | None = Field(default=None, ge=1, description="Rows in one bulk call.")
    resource: str | None = Field(default=None, description="The table; default from the name.")
    operation: Literal["create", "update", "delete", "upsert"] | None = Field(
        default=None, description="Default from the name."
    )
    auth: str | None = Field(default=None, description="One of auth_methods.")
    base_url: str | None = Field(default=None, description="Overrides client.base_url.")
    body_format: Literal["json", "form"] = Field(default="json", description="How the body is encoded.")
    body: Json = Field(default=None, description="Fixed parts of the body.")
    bulk_body_path: str | None = Field(default=None, description="Where the list of a bulk call stands.")
    response_path: str | None = Field(default=None, description="Where the changed record comes back.")
    idempotency_header: str | None = Field(default=None, description="Header that carries the key of a write.")
    idempotency_body_path: str | None = Field(default=None, description="Where the body carries that key instead.")
    headers: dict[str, str] = Field(default_factory=dict, description="Sent beside the client's.")
    columns: list[str] | dict[str, str] | None = Field(default=None, description="The writable ones.")
    send: Literal["changed", "full"] | None = Field(default=None, description="Default: PUT full, else changed.")
    params: dict[str, Json] = Field(default_factory=dict, description="Query parameters.")
    mutation: str | None = Field(default=None, description="GraphQL document.")
    variables: dict[str, Json] = Field(default_factory=dict, description="Of the GraphQL document.")


class Check(Kind):
    """The cheap request that proves the credentials."""

    path: str = Field(description="Appended to base_url.")
    method: Literal["GET", "POST"] = Field(default="GET", description="HTTP method.")
    params: dict[str, Json] = Field(default_factory=dict, description="Query parameters.")
    body: Json = Field(default=None, description="JSON body of a POST.")
    auth: str | None = Field(default=None, description="One of auth_methods.")


class KnownGap(Kind):
    """A claim that the vendor's own specification does not show."""

    claim: str = Field(description="What the connector relies on.")
    page: str = Field(description="The documentation page that shows it.")


class Connector(Kind):
    """One file."""

    name: str = Field(description="The connector's name; the file's too.")
    type: Literal["rest", "graphql", "mcp"] = Field(default="rest", description="Kind of API.")
    description: str = Field(default="", description="What the API is and what data it gives.")
    category: str = Field(default="", description="CRM, billing, support...")
    docs_url: str = Field(default="", description="The API's documentation.")
    credentials: list[Credential] = Field(default_factory=list, description="What `add` asks for.")
    client: Client = Field(description="What all requests share.")
    server: Server | None = Field(default=None, description="MCP: how the server is started or reached.")
    tools: Tools | None = Field(default=None, description="MCP: which tools may be called.")
    auth_methods: dict[str, Auth] = Field(default_factory=dict, description="Further ways to authenticate, by name.")
    check: Check | None = Field(default=None, description="The cheap request that proves the credentials.")
    resource_defaults: ResourceDefaults | None = Field(default=None, description="Deep-merged under each resource.")
    resources: list[Resource] = Field(description="One per table.")
    write_endpoints: list[WriteEndpoint] = Field(default_factory=list, description="One per write operation.")
    known_gaps: list[KnownGap] = Field(default_factory=list, description="What the vendor's specification lacks.")

    def resource(self, name: str) -> Resource | None:
        """Find a resource by its name."""
        return next((r for r in self.resources if r.name == name), None)
