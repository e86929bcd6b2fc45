"""The columns of a live table: what stands in a row, and which of it a host has.

Records and the check against descriptors belong here; ranking and cells are
`live.table`'s. A row is an instance of one instance domain.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from vectorpy.errors import UserError
from vectorpy.model import units
from vectorpy.model.expression import Expression
from vectorpy.model.metric import Descriptor

# Units of cells besides those of answers: a number that is a name (port, pid, uid), and a
# moment in seconds since 1970.
ID_UNIT, TIME_UNIT = "id", "time"


@dataclass(frozen=True, slots=True)
class ColumnSpec:
    """One column: numbers by an expression, or texts by a metric of strings (`text`).

    `otherwise` are expressions (or text metrics) of other agents; the n-th of
    each column belong together, "" where that agent has nothing for it, as both
    are where our own has nothing. `help` is a sentence for people, "" for none.
    `wide` columns are left out where the page is narrow.
    """

    id: str
    title: str
    unit: str = ""
    expression: Expression | None = None
    text: str = ""
    otherwise: tuple[Expression | str, ...] = ()
    optional: bool = False
    help: str = ""
    wide: bool = False

    @property
    def sources(self) -> tuple[Expression | str, ...]:
        """What it can come from, best first."""
        return (self.text or self.expression or "", *self.otherwise)

    @property
    def metrics(self) -> frozenset[str]:
        """Metrics that it may use."""
        return frozenset().union(*(needed(source) for source in self.sources))

    @property
    def ranks(self) -> bool:
        """Whether rows can be ranked by it."""
        return self.expression is not None and self.unit != ID_UNIT


@dataclass(frozen=True, slots=True)
class Columns:
    """All columns of a table.

    `row` is the title of the rows' names. `sort` is the id of the column by
    which rows are chosen and first sorted, `spark` that of the one with a
    sparkline ("" for none). `identity` is a metric that tells rows of the same
    name apart (when a process was started), "" where names do. `refused` says
    what to do where a host tells none of them, though it must have some. `find`
    is what the option find asks for: whether any of a row's texts has it.
    `member` is a text metric with the control groups that a row is in, by which
    rows of one container are told. `picks`: rows are containers, and one that is
    clicked narrows the dashboard to it. `indom` is known after the check.
    """

    row: str
    columns: tuple[ColumnSpec, ...]
    sort: str
    spark: str = ""
    indom: str = field(default="", compare=False)
    identity: str = ""
    refused: str = ""
    find: Callable[[Sequence[str]], bool] | None = None
    member: str = ""
    picks: bool = False

    @property
    def metrics(self) -> frozenset[str]:
        """Metrics of all columns, and of the rows' identity."""
        return self.identities.union(*(column.metrics for column in self.columns))

    @property
    def identities(self) -> frozenset[str]:
        """The metric of the rows' identity, where there is one."""
        return frozenset([self.identity] if self.identity else [])

    @property
    def choosing(self) -> frozenset[str]:
        """Metrics by which rows are chosen: of all rows these must be known."""
        texts = (c.metrics for c in self.columns if self.find and c.expression is None)
        sort = self.column(self.sort).metrics if self.sort else frozenset()
        return self.identities.union(sort, *texts)

    def column(self, id: str) -> ColumnSpec:
        """The column of that id; UserError where there is none."""
        for column in self.columns:
            if column.id == id:
                return column
        raise UserError(f"The table has no column {id[:40]!r}.")

    @property
    def ranking(self) -> tuple[str, ...]:
        """Ids of the columns that rows can be ranked by."""
        return tuple(column.id for column in self.columns if column.ranks)

    def page(self) -> list[dict[str, Any]]:
        """Plain data for GET /api/v1/widgets and for layouts, the rows' names first."""
        head = {"id": "", "title": self.row, "unit": "", "text": True, "help": ""}
        rest = [
            {
                "id": c.id,
                "title": c.title,
                "unit": c.unit,
                "text": c.expression is None,
                "help": c.help,
                **({"sort": True} if c.id == self.sort else {}),
                **({"spark": True} if c.id == self.spark else {}),
                **({"wide": True} if c.wide else {}),
            }
            for c in self.columns
        ]
        return [head, *rest]


def choose_columns(
    table: Columns, descriptors: Mapping[str, Descriptor]
) -> tuple[Columns | None, tuple[str, ...]]:
    """The columns that a host has, and the metrics that it lacks of them.

    None where no agent brings the rows, or our own lacks a column that is not
    optional. Where another agent has no column `sort`, the first that ranks
    takes its place ("" for none). UserError where the
    columns are not of one instance domain or not of their units.
    """
    first = table.column(table.sort)
    if _there(first.sources[0], descriptors):
        return _chosen(table, 0, descriptors)
    for number in range(1, max(len(column.sources) for column in table.columns)):
        if any(_there(source, descriptors) for source in _turn(table, number)):
            return _chosen(table, number, descriptors)
    return None, tuple(sorted(needed(first.sources[0])))


def _turn(table: Columns, number: int) -> list[Expression | str]:
    """The sources of one agent."""
    return [c.sources[number] for c in table.columns if number < len(c.sources)]


def _chosen(
    table: Columns, number: int, descriptors: Mapping[str, Descriptor]
) -> tuple[Columns | None, tuple[str, ...]]:
    found: list[ColumnSpec] = []
    missing: set[str] = set()
    lacking = False
    for column in table.columns:
        source = column.sources[number] if number < len(column.sources) else ""
        if source and _there(source, descriptors):
            found.append(_of(column, source))
            continue
        missing |= {name for name in needed(source) if name not in descriptors}
        lacking = lacking or bool(source and not column.optional and number == 0)
    gone = tuple(sorted(missing))
    if lacking:
        return None, gone
    kept = replace(table, columns=tuple(found), indom=_one_indom(found, descriptors))
    ids = {column.id for column in found}
    sort = table.sort if table.sort in ids else next(iter(kept.ranking), "")
    known = table.identity if table.identity in descriptors else ""
    spark = table.spark if table.spark in ids else ""
    return replace(kept, sort=sort, spark=spark, identity=known), gone


def _of(column: ColumnSpec, source: Expression | str) -> ColumnSpec:
    if isinstance(source, str):
        return replace(column, text=source, expression=None, otherwise=())
    return replace(column, expression=source, text="", otherwise=())


def _one_indom(columns: Iterable[ColumnSpec], descriptors: Mapping[str, Descriptor]) -> str:
    """The instance domain that all columns are of, their units checked too."""
    indoms = {name: d.indom for name, d in descriptors.items()}
    found: dict[str, str] = {}
    for column in columns:
        if column.expression is None:
            indom = indoms[column.text]
        else:
            dims = {n: units.point_dim(descriptors[n]) for n in column.metrics}
            indom = column.expression.indom(indoms)
            dim = column.expression.dim(dims)
            wanted = {TIME_UNIT: "s"}.get(column.unit, column.unit)
            if wanted != ID_UNIT and not units.fits(wanted, dim):
                raise UserError(
                    f"the column {column.id} comes out in {units.unit_name(dim)}, not in "
                    f"{column.unit}."
                )
        if indom is None:
            raise UserError(f"the column {column.id} has no instances on this host.")
        found[indom] = column.id
    if len(found) > 1:
        raise UserError(f"the columns {listed(list(found.values()))} are not of the same things.")
    return next(iter(found))


def _there(source: Expression | str, descriptors: Mapping[str, Descriptor]) -> bool:
    if isinstance(source, str):
        return source in descriptors and descriptors[source].type == "string"
    return all(n in descriptors and descriptors[n].numeric for n in source.metrics)


def needed(source: Expression | str) -> frozenset[str]:
    """The metrics of an expression, or the text metric itself."""
    if isinstance(source, str):
        return frozenset([source]) if source else frozenset()
    return source.metrics


def listed(names: list[str]) -> str:
    """`a`, `a and b`, `a, b and 3 more`."""
    if len(names) > 3:
        return f"{', '.join(names[:2])} and {len(names) - 2} more"
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
