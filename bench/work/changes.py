"""Granting and revoking, and the first statement of an open session after something changed."""

import statistics

from figures import Figures

# So many rows refer to nearly every resource of the world, and are few enough to see what finding those keys costs.
KEYED_ROWS = 10_000
TIMES = 30


def granting(bench, table):
    """A grant and its revocation, each a transaction, beside the insertion or deletion of the rows that it stands for
    in a hand-written scheme, where trees are flattened."""
    projects = [line.split("|") for line in bench.super.run(
        "SELECT n.id, p.id FROM world.node n, docacl.principal p WHERE n.kind = 'project' AND n.n IS NULL AND p.name = 'Team 7'"
        f" ORDER BY world.pick(n.id, 31, 1000) LIMIT {TIMES};")]
    took = {"grant": {"docacl": [], "arrays": []}, "revoke": {"docacl": [], "arrays": []}}
    for project, team in projects:
        took["grant"]["docacl"].append(bench.super.time(f"SELECT acl_grant('Team 7', 'write', 'project', {project});"))
        took["revoke"]["docacl"].append(bench.super.time(f"SELECT acl_revoke('Team 7', 'write', 'project', {project});"))
        took["grant"]["arrays"].append(bench.super.time(
            f"INSERT INTO world.granted SELECT {team}, 'written', id FROM docacl.resource WHERE {project} IN (id, parent_id);"))
        took["revoke"]["arrays"].append(bench.super.time(
            f"DELETE FROM world.granted WHERE principal_id = {team} AND gate = 'written';"))
    for what, values in took.items():
        figures = Figures(values)
        bench.say(f"{what}: {figures}")
        table.add(f"{what}, by hand: the flattened rows", figures, "ms", "", "", None)


def after(bench, table):
    """Milliseconds of the first statement of an open session after others changed what it may see."""
    anna = bench.session("anna")
    anna.run("PREPARE point(bigint) AS SELECT title, payload FROM documents WHERE id = $1;")
    programmes = bench.super.run(
        "SELECT id FROM world.node WHERE kind = 'project' AND n IS NULL ORDER BY above % 5 <> 2, above LIMIT 2;")
    project, other = programmes
    child = bench.super.one(f"SELECT min(id) FROM docacl.resource WHERE parent_id = {project};")
    changes = {
        "no change": lambda i: None,
        "grant to the user": lambda i: bench.super.run(
            f"SELECT acl_{('grant', 'revoke')[i % 2]}('anna', 'change', 'project', {project});"),
        "grant to a role of the user": lambda i: bench.super.run(
            f"SELECT acl_{('grant', 'revoke')[i % 2]}('Desk 1', 'change', 'project', {project});"),
        "move of a resource": lambda i: bench.super.run(f"SELECT acl_move('project', {child}, {(other, project)[i % 2]});"),
    }
    statements = {"SELECT by key": "EXECUTE point({});", f"count(\\*) of {KEYED_ROWS} rows": f"SELECT count(*) FROM documents WHERE id <= {KEYED_ROWS};"}
    for statement, text in statements.items():
        took = {change: [] for change in changes}
        # An even number, so that nothing stays changed.
        for i in range(2 * (TIMES // 2)):
            for change, make in changes.items():
                anna.run(text.format(1))
                anna.run(text.format(2))
                make(i)
                took[change].append(anna.time(text.format(3)))
        unchanged = statistics.median(took["no change"])
        table.alone(f"{statement}, nothing changed", unchanged, "ms", also=f" (at most {max(took['no change']):.2f})")
        for change, values in list(took.items())[1:]:
            # Moving a resource is no grant; it is here because it makes sessions read more anew.
            most = 5 if "grant" in change else None
            more = statistics.median(values) - unchanged
            bench.say(f"{statement} after {change}: {more:.3f} more than {unchanged:.3f}, at most {max(values):.3f}")
            table.alone(f"what a {change} adds to the next {statement}", more, "ms", most, also=f" (at most {max(values):.2f} in all)")


def measure(bench, table):
    granting(bench, table)
    after(bench, table)
