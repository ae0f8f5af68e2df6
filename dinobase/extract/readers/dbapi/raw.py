"""What a driver brings, into Parquet as it travels: each column in its wire type, nothing lost and memory bounded."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dinobase.core.errors import FetchError
from dinobase.core.secrets import redact
from dinobase.extract.readers.dbapi.dialect import Rows
from dinobase.extract.readers.dbapi.taking import Taken

if TYPE_CHECKING:
    import pyarrow as pa

_DECIMAL = re.compile(r"DECIMAL\((\d+),(\d+)\)")
_GROUP_BYTES = 8 << 20
_GROUP_ROWS = 20_000
_SLICE = 2_000


def arrow_type(wire: str) -> pa.DataType:
    """Return Arrow's type of a wire type."""
    import pyarrow as pa

    if wire.endswith("[]"):
        return pa.list_(arrow_type(wire[:-2]))
    found = _DECIMAL.fullmatch(wire)
    if found:
        return pa.decimal128(int(found[1]), int(found[2]))
    plain: dict[str, pa.DataType] = {
        "BOOLEAN": pa.bool_(), "TINYINT": pa.int8(), "SMALLINT": pa.int16(), "INTEGER": pa.int32(),
        "BIGINT": pa.int64(), "UTINYINT": pa.uint8(), "USMALLINT": pa.uint16(), "UINTEGER": pa.uint32(),
        "UBIGINT": pa.uint64(), "FLOAT": pa.float32(), "DOUBLE": pa.float64(), "VARCHAR": pa.string(),
        "BLOB": pa.binary(), "DATE": pa.date32(), "TIME": pa.time64("us"), "TIMESTAMP": pa.timestamp("us"),
        "TIMESTAMPTZ": pa.timestamp("us", "UTC"),
    }  # fmt: skip
    return plain[wire]


def written(batches: Iterable[Rows | Any], taken: Sequence[Taken], names: Sequence[str], folder: Path) -> Path:
    """Write all that comes as one file with the columns c0, c1...; `names` are the source's. Raises FetchError."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(mode=0o700, parents=True)
    schema = pa.schema([(f"c{n}", arrow_type(one.wire)) for n, one in enumerate(taken)])
    path = folder / "raw.parquet"
    held: list[pa.RecordBatch] = []
    with pq.ParquetWriter(path, schema, compression="lz4", use_dictionary=False, write_statistics=False) as writer:
        for batch in batches:
            for piece in _pieces(batch, schema, names):
                held.append(piece)
                if sum(b.nbytes for b in held) >= _GROUP_BYTES or sum(len(b) for b in held) >= _GROUP_ROWS:
                    writer.write_table(pa.Table.from_batches(held, schema))
                    held = []
        if held:
            writer.write_table(pa.Table.from_batches(held, schema))
    return path


def _pieces(batch: Rows | Any, schema: pa.Schema, names: Sequence[str]) -> Iterable[pa.RecordBatch]:
    import pyarrow as pa

    if isinstance(batch, (pa.Table, pa.RecordBatch)):
        columns = [_cast(batch.column(n), schema.field(n).type, names[n]) for n in range(len(names))]
        yield from pa.Table.from_arrays(columns, schema=schema).to_batches(max_chunksize=_SLICE)
        return
    for start in range(0, len(batch), _SLICE):
        values = list(zip(*batch[start : start + _SLICE], strict=True))
        arrays = [_array(values[n], schema.field(n).type, names[n]) for n in range(len(names))]
        yield pa.RecordBatch.from_arrays(arrays, schema=schema)


def _cast(column: Any, type_: pa.DataType, name: str) -> Any:
    import pyarrow as pa

    try:
        return column if column.type == type_ else column.cast(type_)
    except pa.ArrowException as error:
        raise _unlike(name, type_, error) from None


def _array(values: Sequence[Any], type_: pa.DataType, name: str) -> pa.Array:
    import pyarrow as pa

    if pa.types.is_string(type_):
        values = [v if v is None or isinstance(v, str) else str(v) for v in values]
    try:
        return pa.array(values, type_)
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, ValueError, TypeError) as error:
        raise _unlike(name, type_, error) from None


def _unlike(name: str, type_: pa.DataType, error: Exception) -> FetchError:
    return FetchError(
        f"column {name}: the driver brings what is no {type_}: {redact(str(error))[:200]}",
        code="source.value",
        hint="Leave the table out by --tables until then; the column's type and this message belong in a report.",
    )
