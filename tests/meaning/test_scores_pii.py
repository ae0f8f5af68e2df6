"""How much of the personal data of a generated company is found, and how little else is taken for it."""

from __future__ import annotations

from dinobase.catalog.pii_inside import look_inside
from dinobase.lake import reader
from dinobase.lake.introspect import view_lake
from dinobase.lake.sql import qualified
from dinobase.workspace import Workspace
from tests.meaning.company import At, Company
from tests.meaning.scores import profiled, score


def least(firm: Company) -> float:
    """Return the recall that is asked for: less where names stand in columns called `first` or `last` alone."""
    return 0.95 if "crm" in firm.sources else 0.85


def test_what_is_called_personal_is_personal_and_little_is_missed(lakes: Workspace, firm: Company) -> None:
    found = {at: column.pii for at, column in profiled(lakes).items() if column.pii}
    result = score(found, firm.truth.pii, firm.truth.perhaps)
    print(f"pii: precision {result.precision:.3f}, recall {result.recall:.3f}; missed {result.missed}")
    assert result.precision >= 0.95, result.false
    assert result.recall >= least(firm), result.missed


def test_every_kind_of_personal_data_is_found(lakes: Workspace, firm: Company) -> None:
    found = {at: column.pii for at, column in profiled(lakes).items() if column.pii}
    assert {found.get(at) for at in firm.truth.pii} >= set(firm.truth.pii.values())


def test_of_personal_columns_no_value_is_kept(lakes: Workspace) -> None:
    personal = [column for column in profiled(lakes).values() if column.pii]
    assert personal
    assert all((c.least, c.greatest, tuple(c.top), tuple(c.values)) == (None, None, (), ()) for c in personal)


def test_the_same_data_as_json_is_told_place_by_place(lakes: Workspace, firm: Company) -> None:
    connection = reader.open_reader(reader.Limits())
    found: dict[At, str] = {}
    for source in firm.sources:
        view = view_lake(lakes.storage().lake(source))
        reader.attach_lakes(connection, [(view.location, view.snapshot)])
        for table in view.tables.values():
            part = f"(SELECT to_json(t) AS document FROM {qualified(source, 'main', table.name)} AS t)"
            places = look_inside(connection, part, "document", "JSON", 7)
            found |= {At(source, table.name, place): kind for place, (kind, _) in places.items()}
    connection.close()
    result = score(found, firm.truth.pii, firm.truth.perhaps)
    print(f"pii in JSON: precision {result.precision:.3f}, recall {result.recall:.3f}; missed {result.missed}")
    assert result.precision >= 0.95, result.false
    assert result.recall >= least(firm), result.missed
