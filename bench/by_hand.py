"""The policies that one writes without docacl, in four usual ways, and their predicate with the arrays written out."""

WAYS = ("hashed", "arrays", "sql", "plpgsql")
# A gate: its name, its column, and whether a row may leave it empty.
GATES = (("location", "location_id", False), ("document_type", "document_type_id", False), ("project", "project_id", True),
         ("company", "company_id", False))
ME = "current_setting('app.user_id')::bigint"


def keys(gate):
    """What the session's user may read of a gate."""
    return f"SELECT resource_id FROM world.granted JOIN world.member USING (principal_id) WHERE gate = '{gate}' AND user_id = {ME}"


def every(gates, condition):
    """A condition on each gate, neutral where the gate is empty."""
    return " AND ".join(f"({column} IS NULL OR {condition(gate, column)})" if nullable else condition(gate, column)
                        for gate, column, nullable in gates)


def policies(table, gates=GATES):
    """The SQL that protects a table in all four ways, each for the database roles of its name."""
    name = table.split(".")[-1]
    arguments = ", ".join(f"{column} bigint" for _, column, _ in gates)
    columns = ", ".join(column for _, column, _ in gates)
    # Inside the functions the columns' names are the parameters': no column of the tables they read is called so.
    found = every(gates, lambda gate, column: f"EXISTS ({keys(gate)} AND resource_id = {column})")
    using = {
        "hashed": every(gates, lambda gate, column: f"{column} IN ({keys(gate)})"),
        "arrays": every(gates, lambda gate, column: f"{column} = ANY (ARRAY({keys(gate)}))"),
        "sql": f"world.{name}_sql({columns})",
        "plpgsql": f"world.{name}_plpgsql({columns})",
    }
    # SECURITY DEFINER, as one writes them where users shall not read the lists themselves: so neither is inlined.
    statements = [
        f"CREATE FUNCTION world.{name}_sql({arguments}) RETURNS boolean LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER"
        f" AS $$ SELECT {found} $$",
        f"CREATE FUNCTION world.{name}_plpgsql({arguments}) RETURNS boolean LANGUAGE plpgsql STABLE PARALLEL SAFE SECURITY DEFINER"
        f" AS $$ BEGIN RETURN {found}; END $$",
        f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
    ]
    statements += [f"CREATE POLICY {way} ON {table} TO {way} USING ({using[way]})" for way in WAYS]
    return "; ".join(statements) + ";"


def written_out(session, user, gates=GATES):
    """The predicate for one user with his keys as constants."""
    arrays = dict(line.split("|") for line in session.run(
        "SELECT gate, array_agg(DISTINCT resource_id ORDER BY resource_id) FROM world.granted JOIN world.member m USING (principal_id)"
        f" JOIN docacl.principal u ON u.id = m.user_id WHERE u.name = '{user}' AND u.kind = 'user' GROUP BY gate;"))
    return every(gates, lambda gate, column: f"{column} = ANY ('{arrays.get(gate, '{}')}'::bigint[])")
