//! `acl_auto_grant`, `acl_drop_auto_grant`, `acl_profile_option`: rules that keep grants equal to what a table of the
//! application says, and the options that switch them on in an account (sql/auto_grant.sql does the work, all rows of a
//! statement at once).
//!
//! Whoever may write the table grants what the rule says: the table's privileges, or its own protection, are the
//! authority, and docacl asks nothing more.

mod columns;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::admin::address::{self, given};
use crate::admin::asker::Asker;
use crate::admin::{words, write};
use crate::error::{self, Result};
use crate::owner::{AsOwner, AsTableOwner};
use crate::protect::catalog::{drop_trigger, spi};
use crate::protect::columns::Table;
use crate::protect::functions::{describe, name_of};
use crate::protect::tree;
use crate::regclass::Regclass;
use crate::scan::Snap;

/// What the code of a profile option that switches rules contains.
const SWITCHES: &str = "-pae-";

/// Makes a rule; how many grants it keeps now.
#[pg_extern]
fn acl_auto_grant(
    relation: Option<Regclass>,
    principal_column: Option<&str>,
    kind: Option<&str>,
    actions: Option<&str>,
    resource_column: default!(Option<&str>, "NULL"),
    code: default!(Option<&str>, "NULL"),
) -> Result<i64> {
    let (relation, principal) = (given("relation", relation)?, given("principal_column", principal_column)?);
    let (kind, actions) = (given("kind", kind)?, given("actions", actions)?);
    let asker = Asker::somebody()?;
    asker.require_above("make rules that grant")?;
    let kind = address::kind(kind, &asker.snap)?.name;
    if kind == "document" {
        return Err(error::bad(
            "rules do not grant on single documents",
            "Name the kind of resource that the table refers to, or use acl_grant_row.",
        ));
    }
    let actions = words::granted_some(actions, &kind, &asker.snap)?;
    let code = code.map(checked_code).transpose()?;
    let by_whom = asker.id();
    let _owner = AsOwner::begin()?;
    refuse_old_snapshot("make a rule")?;
    // Against writers, until the triggers are there and the present rows are read.
    // SAFETY: a lock by OID, kept until the end of the transaction.
    unsafe { pg_sys::LockRelationOid(relation.0, pg_sys::ShareRowExclusiveLock as i32) };
    let table = describe(relation.0)?;
    if tree::is_partitioned(relation.0) {
        return Err(error::unsupported(
            format!("table {} is partitioned and cannot have rules", table.name),
            "Rows written to a partition directly would be missed. Keep who is responsible in an ordinary table.",
        ));
    }
    let snap = Snap::latest();
    let (principal, principal_by) = columns::principal(&table, principal, &snap)?;
    let (resource, resource_by) = columns::resource(&table, resource_column, &kind, &snap)?;
    // A rule that is made again begins anew: its actions, or how its columns are read, may be others.
    let rule = Spi::get_one_with_args::<i64>(
        "INSERT INTO docacl.auto_grant AS a (relation, principal_column, principal_by, kind, resource_column, resource_by, actions, code, made_by)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
         ON CONFLICT (relation, principal_column, kind, resource_column, code) DO UPDATE SET principal_by = excluded.principal_by,
             resource_by = excluded.resource_by, actions = excluded.actions, made_by = excluded.made_by, changed_at = excluded.changed_at
         RETURNING a.id",
        &[
            relation.into(),
            principal.clone().into(),
            principal_by.into(),
            kind.into(),
            resource.clone().into(),
            resource_by.into(),
            (actions.bits() as i64).into(),
            code.into(),
            by_whom.into(),
        ],
    )
    .map_err(spi)?
    .ok_or_else(|| error::internal("a rule was not made"))?;
    run("SELECT docacl.auto_forget($1, $2)", &[rule.into(), by_whom.into()])?;
    drop_triggers(&table, rule)?;
    if let Some(code) = code.filter(|c| !c.contains(SWITCHES)) {
        pgrx::notice!(
            "the rule does nothing: the code \"{code}\" does not contain \"{SWITCHES}\", so no profile option switches it on"
        );
        return Ok(0);
    }
    create_triggers(&table, rule)?;
    apply(&table, rule, &principal, &resource)?;
    let kept = Spi::get_one_with_args::<i64>(
        "SELECT pg_catalog.count(*) FROM docacl.auto_pair AS p JOIN docacl.grants AS g ON g.id = p.grant_id AND g.revoked_at IS NULL WHERE p.rule_id = $1",
        &[rule.into()],
    );
    Ok(kept.map_err(spi)?.unwrap_or(0))
}

/// Ends the rules about a column, and with them what they granted.
#[pg_extern]
fn acl_drop_auto_grant(relation: Option<Regclass>, principal_column: Option<&str>) -> Result<()> {
    let (relation, column) = (given("relation", relation)?, given("principal_column", principal_column)?);
    Asker::somebody()?.require_above("drop rules that grant")?;
    let _owner = AsOwner::begin()?;
    // SAFETY: as above.
    unsafe { pg_sys::LockRelationOid(relation.0, pg_sys::ShareRowExclusiveLock as i32) };
    // Whatever became of the table since: its rules can be dropped.
    let table = bare(relation.0)?;
    let ended = write::ids(
        "DELETE FROM docacl.auto_grant WHERE relation = $1 AND principal_column = $2 RETURNING id",
        &[relation.into(), column.into()],
    )?;
    if ended.is_empty() {
        return Err(error::wrong_state(
            format!("table {} has no rule about column \"{column}\"", table.name),
            "See docacl.auto_grant for the rules there are.",
        ));
    }
    for rule in ended {
        drop_triggers(&table, rule)?;
    }
    Ok(())
}

/// Switches the rules of a code on or off in the account.
#[pg_extern]
fn acl_profile_option(code: Option<&str>, enable: Option<bool>) -> Result<()> {
    let (code, enable) = (given("code", code)?, given("enable", enable)?);
    let asker = Asker::somebody()?;
    if !asker.is_admin()? {
        return Err(error::denied(
            "not allowed to switch profile options",
            "It needs the account's admin role: rules of that code grant to others.",
        ));
    }
    let code = checked_code(code)?;
    let account = asker.account()?;
    refuse_old_snapshot("switch a profile option")?;
    if !code.contains(SWITCHES) {
        pgrx::notice!("profile option \"{code}\" switches no rules: its code does not contain \"{SWITCHES}\"");
    }
    write::run(
        "SELECT docacl.auto_switch($1, $2, $3, $4)",
        &[account.into(), code.into(), enable.into(), asker.id().into()],
    )
    .map(drop)
}

/// What the rule is about by which a grant was made: its table and column.
pub fn of_grant(grant: i64) -> Result<Option<String>> {
    write::text(
        "SELECT pg_catalog.format('%s.%I', a.relation, a.principal_column)
         FROM docacl.auto_pair AS p JOIN docacl.auto_grant AS a ON a.id = p.rule_id WHERE p.grant_id = $1",
        &[grant.into()],
    )
}

/// Whether there can be rules: the library may be newer than the objects in the database.
fn known() -> Result<bool> {
    let sql = "SELECT pg_catalog.to_regclass('docacl.auto_grant') IS NOT NULL";
    Ok(Spi::get_one::<bool>(sql).map_err(spi)? == Some(true))
}

/// Makes anew what rules about these columns granted: they were given another type, which may have given every row other
/// values, or dropped, or added again, and no trigger fires for that. A column that is not there, or of a type that names
/// nothing, grants nothing, and the next write says so.
/// Called as the extension's owner.
pub fn follow_types(relation: pg_sys::Oid, columns: &[String]) -> Result<()> {
    if !known()? {
        return Ok(());
    }
    let sql = format!(
        "SELECT a.id, a.principal_column, a.resource_column,
             (SELECT count(*) = 2 FROM (VALUES (a.principal_column, a.principal_by), (a.resource_column, a.resource_by)) AS c (name, names_by)
              JOIN pg_catalog.pg_attribute AS t ON t.attrelid = a.relation AND t.attname = c.name AND NOT t.attisdropped
              WHERE t.atttypid = ANY (CASE c.names_by WHEN 'id' THEN '{{int8}}' ELSE '{{int2,int4,int8,uuid,text,varchar}}' END::regtype[]::oid[]))
         FROM docacl.auto_grant AS a
         WHERE a.relation = $1 AND (a.principal_column = ANY ($2) OR a.resource_column = ANY ($2))
           AND (a.code IS NULL OR pg_catalog.strpos(a.code, '{SWITCHES}') > 0) ORDER BY a.id"
    );
    let rules = Spi::connect_mut(|client| {
        let mut rules = Vec::new();
        for row in client.update(&sql, None, &[relation.into(), columns.to_vec().into()])? {
            rules.push((row.get::<i64>(1)?, row.get::<String>(2)?, row.get::<String>(3)?, row.get::<bool>(4)?));
        }
        Ok(rules)
    })
    .map_err(spi)?;
    if rules.is_empty() {
        return Ok(());
    }
    refuse_old_snapshot("change the type of a column that a rule reads")?;
    let table = bare(relation)?;
    for (rule, principal, resource, fits) in rules {
        let (Some(rule), Some(principal), Some(resource)) = (rule, principal, resource) else { continue };
        run("SELECT docacl.auto_forget($1, NULL)", &[rule.into()])?;
        if fits == Some(true) {
            apply(&table, rule, &principal, &resource)?;
        }
    }
    Ok(())
}

/// Makes the grants that the rows that are there say.
fn apply(table: &Table, rule: i64, principal: &str, resource: &str) -> Result<()> {
    let rows = present(table, principal, resource)?;
    run(
        "SELECT docacl.auto_apply($1, r.rows) FROM (SELECT pg_catalog.array_agg(t) AS rows
         FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.auto_change, $2::jsonb) AS t) AS r WHERE r.rows IS NOT NULL",
        &[rule.into(), rows.into()],
    )
}

/// A table whose columns nobody asks for.
fn bare(relation: pg_sys::Oid) -> Result<Table> {
    Ok(Table { oid: relation, name: name_of(relation)?, columns: vec![], primary_key: vec![] })
}

/// Rewrites what names a column of a table, which has another name now. Called as the extension's owner.
pub fn follow_renamed(relation: pg_sys::Oid, old: &str, new: &str) -> Result<()> {
    if !known()? {
        return Ok(());
    }
    run(
        "UPDATE docacl.auto_grant SET principal_column = CASE principal_column WHEN $2 THEN $3 ELSE principal_column END,
             resource_column = CASE resource_column WHEN $2 THEN $3 ELSE resource_column END
         WHERE relation = $1 AND $2 IN (principal_column, resource_column)",
        &[relation.into(), old.into(), new.into()],
    )
}

fn checked_code(code: &str) -> Result<&str> {
    let length = code.chars().count();
    if code.trim() != code || !(1..=255).contains(&length) || code.chars().any(char::is_control) {
        return Err(error::bad(
            "a code must have 1 to 255 characters, without blanks around it or control characters",
            "Write it as the application does, for instance 'acl-pae-controller-change'.",
        ));
    }
    Ok(code)
}

/// 0A000 where the transaction looks at an older state than the lock that it takes protects: what was committed in
/// between would be missed for good.
fn refuse_old_snapshot(what: &str) -> Result<()> {
    // SAFETY: a plain read of backend state.
    if unsafe { pg_sys::XactIsoLevel } < pg_sys::XACT_REPEATABLE_READ as i32 {
        return Ok(());
    }
    Err(error::unsupported(
        format!("cannot {what} in a transaction that keeps its snapshot"),
        "Do it in a transaction of isolation level READ COMMITTED.",
    ))
}

fn run(sql: &str, args: &[pgrx::datum::DatumWithOid]) -> Result<()> {
    Spi::run_with_args(sql, args).map_err(spi)
}

/// What the rows that are there say, as JSON. Read as the table's owner: see [`AsTableOwner`].
fn present(table: &Table, principal: &str, resource: &str) -> Result<String> {
    let sql = format!(
        "SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object('principal', t.p, 'resource', t.r, 'n', t.n)), '[]')::pg_catalog.text
         FROM (SELECT x.p, x.r, pg_catalog.count(*) AS n
               FROM (SELECT {}::pg_catalog.text COLLATE pg_catalog.\"C\" AS p, {}::pg_catalog.text COLLATE pg_catalog.\"C\" AS r FROM {}) AS x
               WHERE x.p IS NOT NULL AND x.r IS NOT NULL GROUP BY x.p, x.r) AS t",
        pgrx::spi::quote_identifier(principal),
        pgrx::spi::quote_identifier(resource),
        table.name
    );
    let _table_owner = AsTableOwner::begin(table.oid)?;
    Ok(Spi::get_one::<String>(&sql).map_err(spi)?.unwrap_or_else(|| "[]".to_owned()))
}

/// A rule as docacl.auto_grant has it.
pub struct Rule {
    pub id: i64,
    pub table: Table,
    principal: String,
    resource: String,
}

/// The rules about a table that are followed by triggers; none with older objects in the database.
pub fn of(relation: pg_sys::Oid) -> Result<Vec<Rule>> {
    let there = Spi::get_one::<bool>("SELECT pg_catalog.to_regclass('docacl.auto_grant') IS NOT NULL").map_err(spi)?;
    if there != Some(true) {
        return Ok(Vec::new());
    }
    let name = name_of(relation)?;
    Spi::connect_mut(|client| {
        let sql = "SELECT id, principal_column, resource_column FROM docacl.auto_grant AS r
                   WHERE relation = $1 AND (code IS NULL OR pg_catalog.strpos(code, $2) > 0)
                     AND 2 = (SELECT pg_catalog.count(DISTINCT c.name) FROM pg_catalog.pg_attribute AS a
                              JOIN (VALUES (principal_column), (resource_column || '')) AS c (name) ON a.attname = c.name
                              WHERE a.attrelid = $1 AND NOT a.attisdropped) + (principal_column = resource_column)::int
                   ORDER BY id";
        let mut out = Vec::new();
        for row in client.update(sql, None, &[relation.into(), SWITCHES.into()])? {
            let (id, principal, resource) = (row.get::<i64>(1)?, row.get::<String>(2)?, row.get::<String>(3)?);
            let table = Table { oid: relation, name: name.clone(), columns: vec![], primary_key: vec![] };
            out.extend(id.zip(principal.zip(resource)).map(|(id, (principal, resource))| Rule { id, table, principal, resource }));
        }
        Ok(out)
    })
    .map_err(spi)
}

impl Rule {
    /// What its rows say now, as JSON.
    pub fn rows(&self) -> Result<String> {
        present(&self.table, &self.principal, &self.resource)
    }
}

const EVENTS: [(&str, &str, &str); 4] = [
    ("insert", "INSERT", "REFERENCING NEW TABLE AS new_rows"),
    ("update", "UPDATE", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    ("delete", "DELETE", "REFERENCING OLD TABLE AS old_rows"),
    ("truncate", "TRUNCATE", ""),
];

/// After those of mirrors (docacl_mirror_…), in the order of names: the row's own resource has to be there.
fn trigger(rule: i64, event: &str) -> String {
    format!("docacl_rule_{rule}_{event}")
}

fn drop_triggers(table: &Table, rule: i64) -> Result<()> {
    EVENTS.iter().try_for_each(|(event, _, _)| drop_trigger(table, &trigger(rule, event)))
}

fn create_triggers(table: &Table, rule: i64) -> Result<()> {
    for (event, command, referencing) in EVENTS {
        let name = trigger(rule, event);
        Spi::run(&format!(
            "CREATE TRIGGER {name} AFTER {command} ON {table} {referencing} FOR EACH STATEMENT EXECUTE FUNCTION docacl.follow_rule({rule})",
            table = table.name
        ))
        .map_err(spi)?;
        Spi::run(&format!("ALTER TABLE {} ENABLE ALWAYS TRIGGER {name}", table.name)).map_err(spi)?;
    }
    Ok(())
}
