"""What to write instead: the corrected form of what DuckDB refuses, where one is known. Pure; texts go in and come out.

Functions of other dialects, epochs taken for dates, spans without INTERVAL: what agents send most and DuckDB answers
with a list of candidates.
"""

from __future__ import annotations

import re

OTHER_DIALECTS = {
    "getdate": "now()", "sysdate": "now()", "curdate": "current_date", "unix_timestamp": "epoch(x)",
    "from_unixtime": "to_timestamp(x)", "to_char": "strftime(x, '%Y-%m-%d')", "date_format": "strftime(x, '%Y-%m-%d')",
    "format_date": "strftime(x, '%Y-%m-%d')", "to_date": "strptime(x, '%Y-%m-%d')::DATE",
    "str_to_date": "strptime(x, '%Y-%m-%d')", "parse_date": "strptime(x, '%Y-%m-%d')::DATE",
    "dateadd": "x + INTERVAL '2 days'", "timestampadd": "x + INTERVAL '2 days'", "adddate": "x + INTERVAL '2 days'",
    "subdate": "x - INTERVAL '2 days'", "timestampdiff": "date_diff('day', a, b)", "timestamp_diff":
    "date_diff('day', a, b)", "timestamp_trunc": "date_trunc('month', x)", "isnull": "coalesce(x, y)", "nvl":
    "coalesce(x, y)", "charindex": "strpos(text, part)", "locate": "strpos(text, part)", "safe_cast":
    "TRY_CAST(x AS type)", "try_to_number": "TRY_CAST(x AS DOUBLE)", "safe_divide": "a / nullif(b, 0)", "div0":
    "a / nullif(b, 0)", "iff": "CASE WHEN ... THEN ... ELSE ... END", "array_size": "len(x)", "size": "len(x)",
    "explode": "unnest(x)", "parse_json": "x::JSON", "json_array_elements":
    "unnest(from_json(x, '[\"JSON\"]'))", "jsonb_array_elements": "unnest(from_json(x, '[\"JSON\"]'))",
    "json_extract_scalar": "x->>'$.path'", "get_json_object": "x->>'$.path'", "jsonb_extract_path_text":
    "x->>'$.path'", "countif": "count(*) FILTER (condition)", "collect_list": "list(x)", "group_concat_distinct":
    "string_agg(DISTINCT x, ', ')", "regexp_like": "regexp_matches(x, 'pattern')", "rlike":
    "regexp_matches(x, 'pattern')", "regexp_substr": "regexp_extract(x, 'pattern')",
    "metric": "FROM metric('name')", "rand": "random()", "newid": "uuid()", "convert": "CAST(x AS type)",
}  # fmt: skip

_NO_MATCH = re.compile(r"No function matches the given name and argument types '(?P<name>.+?)\((?P<types>.*)\)'")
_NO_CHOICE = re.compile(
    r'Could not choose a best candidate function for the function call "(?P<name>.+?)\((?P<types>.*)\)"'
)
_SPAN = re.compile(r"([-+])\s*'(\d+\s*(?:second|minute|hour|day|week|month|quarter|year)s?)'", re.IGNORECASE)
_EPOCH = (
    "A whole number of epoch seconds becomes a time by to_timestamp(x), one of milliseconds by to_timestamp(x / 1000)."
)
_DATES = frozenset(
    {"date_part", "date_trunc", "date_diff", "datediff", "strftime", "epoch", "year", "month", "day", "hour", "age",
     "date_sub", "date_add", "datesub", "dateadd", "dayname", "monthname", "week", "quarter", "date_bin", "time_bucket"}
)  # fmt: skip
_NUMBERS = frozenset(
    {"sum", "avg", "mean", "median", "round", "stddev", "abs", "floor", "ceil", "quantile_cont", "var_pop"}
)
_TEXTS = frozenset(
    {"substring", "substr", "lower", "upper", "trim", "length", "replace", "split_part", "contains", "starts_with",
     "regexp_matches", "regexp_extract", "~~", "~~*", "!~~", "!~~*", "like_escape", "strpos", "left", "right", "||"}
)  # fmt: skip


def call_fault(text: str, sql: str) -> tuple[str, str] | None:
    """Return message and hint for a call whose argument types no function takes, None where the error is another."""
    found = _NO_MATCH.search(text) or _NO_CHOICE.search(text)
    if found is None:
        return None
    name, types = found["name"], _types(found["types"])
    operator = not re.match(r"\w", name)
    shown = f" {name} ".join(types) if operator and len(types) == 2 else f"{name}({', '.join(types)})"
    return f"There is no {shown}", _call_hint(name, types, sql)


def _types(text: str) -> list[str]:
    names = {"STRING_LITERAL": "text", "INTEGER_LITERAL": "integer", "TIMESTAMP WITH TIME ZONE": "TIMESTAMPTZ"}
    return [names.get(part, part) for part in re.split(r",\s*(?![^()]*\))", text) if part]


def _call_hint(name: str, types: list[str], sql: str) -> str:  # noqa: PLR0911 - one line per case
    timed = any(kind.startswith(("TIMESTAMP", "DATE")) for kind in types)
    span = _SPAN.search(sql)
    if name in {"-", "+"} and timed:
        return f"Write {span[1]} INTERVAL '{span[2]}'." if span else f"Write {name} INTERVAL '2 days'."
    if name in {"date_sub", "date_add", "datesub", "dateadd"} and any("INTERVAL" in kind for kind in types):
        return f"Write x {'-' if 'sub' in name else '+'} INTERVAL '2 days'."
    if name in {"date_diff", "datediff"} and len(types) == 2:
        return "The unit comes first: date_diff('day', earlier, later)."
    if name in {"date_trunc", "date_part", "strftime"} and timed and types[-1] == "text":
        return "strftime(x, '%Y-%m')." if name == "strftime" else f"The part comes first: {name}('month', x)."
    if name in _DATES and any(kind in {"BIGINT", "INTEGER", "DOUBLE"} for kind in types):
        return _EPOCH
    if name in _DATES and "VARCHAR" in types:
        return "A text becomes a time by CAST(x AS TIMESTAMPTZ)."
    if "JSON" in types and ("length" in name or "unnest" in name or name.startswith(("list_", "array_"))):
        return "Of JSON: json_array_length(x), x->>'$.path', unnest(from_json(x, '[\"JSON\"]'))."
    if name in _NUMBERS and any(kind in {"VARCHAR", "text", "JSON"} for kind in types):
        return f"{name}(TRY_CAST(x AS DOUBLE)) takes text that holds numbers."
    if name in _TEXTS:
        return "CAST(x AS VARCHAR) makes a text of it."
    return "Cast the arguments to types that it takes."


def other_fault(text: str, sql: str) -> str:  # noqa: PLR0911 - one line per case
    """Return a hint for what is no call, '' where none is known."""
    times = r"TIMESTAMP(?: WITH TIME ZONE)?|DATE"
    if re.search(rf"compare values of type (?:BIGINT and type (?:{times})|(?:{times}) and type BIGINT)", text):
        return _EPOCH
    if re.search(r"\(BIGINT -> (?:DATE|TIMESTAMP)", text):
        return _EPOCH
    if re.search(r"Could not convert string '\d{4}-\d\d-\d\d[^']*' to (?:U?INT|DOUBLE|DECIMAL)", text):
        return f"The column holds a number. {_EPOCH}"
    if "UNNEST() can only be applied" in text:
        return "Of JSON: unnest(from_json(x, '[\"JSON\"]')); of text: unnest(string_split(x, ','))."
    if "must appear in the GROUP BY" in text:
        return "Put the column into GROUP BY (GROUP BY ALL takes all that are no aggregates), or use any_value()."
    if "Cannot mix aggregates with non-aggregated columns" in text:
        return "Name the columns outside the aggregates in GROUP BY, or aggregate them too: any_value(x) - sum(y)."
    if "lambda" in text.lower() and "->" in sql:
        return lambda_hint(sql)
    return ""


def lambda_hint(sql: str) -> str:
    """Return the arrow of a list function as DuckDB writes it now."""
    found = re.search(
        r"(\(\s*\w+(?:\s*,\s*\w+)*\s*\)|\b[a-z_]\w*)\s*->\s*(?!>)([^,()']*(?:\([^()]*\))?[^,()']*)", sql, re.IGNORECASE
    )
    if found is None:
        return "A function of a list is written `lambda x: x + 1`."
    return f"Write `lambda {found[1].strip('() ')}: {found[2].strip()}`."


def syntax_hint(message: str, sql: str) -> str:  # noqa: PLR0911 - one line per case
    """Return what to write instead of other dialects' syntax, '' where nothing is known."""
    limit = re.search(r"\bLIMIT\s+(\d+)\s*,\s*(\d+)", sql, re.IGNORECASE)
    if limit:
        return f"Write LIMIT {limit[2]} OFFSET {limit[1]}."
    top = re.search(r"\bSELECT\s+TOP\s*\(?\s*(\d+)", sql, re.IGNORECASE)
    if top:
        return f"Write LIMIT {top[1]} at the end."
    if "`" in sql:
        return 'Names are quoted "so", not `so`.'
    if re.search(r"\[[A-Za-z_]\w*\]\s*\.", sql):
        return 'Names are quoted "so", not [so].'
    if "->" in sql and ("->" in message or "lambda" in message.lower()):
        return lambda_hint(sql)
    if re.search(r"\bAT\s*\(", sql, re.IGNORECASE):
        return "An alias stands before AT: `stripe.customers c AT (VERSION => 3)`."
    return ""
