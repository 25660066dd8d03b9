"""Who is compared: for each, the table, who connects as a user, and what a statement has to say itself."""

import dataclasses

from by_hand import WAYS


@dataclasses.dataclass(frozen=True)
class Contender:
    name: str
    label: str
    # The copy of the documents that it protects.
    table: str
    # What is added to a table's name where a measurement has tables of its own.
    suffix: str
    # The database role of a user, with {}.
    role: str
    # Whether every transaction says who is asking.
    signs_in: bool = False


NONE = Contender("none", "no row security", "world.plain", "_plain", "plain")
DOCACL = Contender("docacl", "docacl", "documents", "", "{}")
CONSTANTS = Contender("constants", "constants", "world.plain", "_plain", "plain")
HASHED, ARRAYS, SQL, PLPGSQL = (
    Contender(way, label, "world.by_hand", "_by_hand", "{}_" + way)
    for way, label in zip(WAYS, ("hashed sub-selects", "InitPlan arrays", "SQL per row", "PL/pgSQL per row")))
ROWSTILE = Contender("rowstile", "rowstile", "world.tiled", "_tiled", "tiled", signs_in=True)

ALL = (NONE, DOCACL, CONSTANTS, HASHED, ARRAYS, SQL, PLPGSQL, ROWSTILE)
BY_NAME = {contender.name: contender for contender in ALL}
# Those that ask for each row.
PER_ROW = ("sql", "plpgsql")
# Those whose rows are judged by policies.
BY_POLICY = ("docacl", *WAYS)
