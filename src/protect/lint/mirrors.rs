//! Whether mirrored tables, and those of rules that grant, are followed, and, of a table that is asked about by name,
//! whether docacl says what its rows say: triggers of statements do not fire for what logical replication applies, nor
//! while they are disabled.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::Finding;
use crate::error::Result;
use crate::mirror::{self, Mirror};
use crate::protect::catalog::spi;
use crate::rules;

/// The triggers and columns of mirrors and rules, and who may write mirrored tables.
pub const QUESTION: &str = include_str!("followed.sql");

/// Pairs of which the rows say more or fewer than docacl has counted, and pairs of which no row is left.
const PAIRS: &str = "WITH r AS MATERIALIZED (SELECT * FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.auto_change, $1::jsonb)),
         p AS MATERIALIZED (SELECT * FROM docacl.auto_pair AS p WHERE p.rule_id = $2)
    SELECT (SELECT count(*) FROM r LEFT JOIN p ON p.principal = r.principal AND p.resource = r.resource WHERE p.id IS NULL),
           (SELECT count(*) FROM p WHERE NOT EXISTS (SELECT FROM r WHERE r.principal = p.principal AND r.resource = p.resource)),
           (SELECT count(*) FROM r JOIN p ON p.principal = r.principal AND p.resource = r.resource AND p.n <> r.n)";

const RESOURCES: &str = "WITH r AS MATERIALIZED (SELECT * FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $1::jsonb))
    SELECT (SELECT count(*) FROM r LEFT JOIN docacl.resource AS x ON x.kind = $2 AND x.key = r.key WHERE x.id IS NULL),
           (SELECT count(*) FROM r JOIN docacl.resource AS x ON x.kind = $2 AND x.key = r.key LEFT JOIN docacl.resource AS p ON p.id = x.parent_id
            WHERE x.name <> r.name OR $2 NOT IN ('account', 'environment') AND p.key IS DISTINCT FROM r.parent),
           (SELECT count(*) FROM docacl.resource AS x WHERE x.kind = $2 AND x.key IS NOT NULL AND NOT EXISTS (SELECT FROM r WHERE r.key = x.key))";

const PRINCIPALS: &str = "WITH r AS MATERIALIZED (SELECT * FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $1::jsonb))
    SELECT (SELECT count(*) FROM r LEFT JOIN docacl.principal AS x ON x.kind = $2 AND x.key = r.key WHERE x.id IS NULL),
           (SELECT count(*) FROM r JOIN docacl.principal AS x ON x.kind = $2 AND x.key = r.key
            WHERE x.name <> r.name OR x.email <> r.email OR x.enabled <> r.enabled),
           (SELECT count(*) FROM docacl.principal AS x WHERE x.kind = $2 AND x.key IS NOT NULL AND NOT EXISTS (SELECT FROM r WHERE r.key = x.key))";

/// Rows that give no membership, and memberships that no row of any mirrored table gives.
const MEMBERS: &str = "WITH r AS MATERIALIZED (SELECT * FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $1::jsonb)),
         p AS MATERIALIZED (SELECT DISTINCT o.role_id, o.member_id FROM docacl.mirror_pairs((SELECT pg_catalog.array_agg(t)
               FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $1::jsonb) AS t)) AS o)
    SELECT (SELECT count(*) FROM (SELECT DISTINCT r.key, r.role FROM r) AS d)
           - (SELECT count(*) FROM p WHERE EXISTS (SELECT FROM docacl.membership AS m
                WHERE m.member_id = p.member_id AND m.role_id + 0 = p.role_id AND m.revoked_at IS NULL)),
           0::bigint,
           (SELECT count(*) FROM docacl.mirror_stale((SELECT pg_catalog.array_agg(t)
                FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $2::jsonb) AS t)))";

/// What a table's rows say and docacl does not, or the other way round. Called as the extension's owner.
pub fn of_rows(relation: pg_sys::Oid) -> Result<Vec<Finding>> {
    let mut out = Vec::new();
    for mirror in mirror::of(relation)? {
        out.extend(about(&mirror)?);
    }
    for rule in rules::of(relation)? {
        let (missing, beyond, otherwise) =
            Spi::get_three_with_args::<i64, i64, i64>(PAIRS, &[rule.rows()?.into(), rule.id.into()]).map_err(spi)?;
        let again = "Call acl_auto_grant again as it was called: a rule that is made again begins anew.";
        let name = &rule.table.name;
        out.extend(counted(
            "warning",
            name,
            missing,
            "pair of a rule gives no grant",
            "pairs of a rule give no grant",
            again,
        ));
        let (one, many) =
            ("grant of a rule holds that no row gives any more", "grants of a rule hold that no row gives any more");
        out.extend(counted("error", name, beyond, one, many, again));
        let (one, many) = ("pair of a rule was counted wrong", "pairs of a rule were counted wrong");
        out.extend(counted("warning", name, otherwise, one, many, again));
    }
    Ok(out)
}

/// A finding about so many, if there are any.
fn counted(severity: &str, table: &str, count: Option<i64>, one: &str, many: &str, advice: &str) -> Option<Finding> {
    let said = match count.unwrap_or(0) {
        0 => return None,
        1 => format!("1 {one}"),
        n => format!("{n} {many}"),
    };
    Some((severity.to_owned(), table.to_owned(), said, advice.to_owned()))
}

fn about(mirror: &Mirror) -> Result<Vec<Finding>> {
    let Some(rows) = mirror.rows()? else { return Ok(Vec::new()) }; // A column is gone, which is reported by itself.
    let kind = mirror.kind.as_str();
    let (sql, second) = match kind {
        // Where a column of another mirror is gone, memberships that it gives are not known to be over.
        "member" => match mirror::pairs()? {
            Some(pairs) => (MEMBERS, pairs),
            None => return Ok(Vec::new()),
        },
        "user" | "role" => (PRINCIPALS, kind.to_owned()),
        _ => (RESOURCES, kind.to_owned()),
    };
    let (missing, different, beyond) =
        Spi::get_three_with_args::<i64, i64, i64>(sql, &[rows.into(), second.into()]).map_err(spi)?;
    let mut out = Vec::new();
    let mut report = |severity: &str, count: Option<i64>, one: &str, many: &str, advice: &str| {
        out.extend(counted(severity, &mirror.table.name, count, one, many, advice));
    };
    let again = "Call acl_mirror again, or acl_mirror_members: what the rows say is taken over.";
    if kind == "member" {
        report("warning", missing, "row gives no membership in docacl", "rows give no membership in docacl", again);
        report(
            "error",
            beyond,
            "membership holds that no row of a mirrored table gives any more",
            "memberships hold that no row of a mirrored table gives any more",
            again,
        );
    } else {
        report("warning", missing, "row is unknown to docacl", "rows are unknown to docacl", again);
        report("warning", different, "row is not as docacl has it", "rows are not as docacl has them", again);
        let (one, many) =
            (format!("{kind} with a key has no row here"), format!("of kind {kind} with keys have no row here"));
        report("notice", beyond, &one, &many, "Made by hand, by another mirror, or missed: drop what should be gone.");
    }
    Ok(out)
}
