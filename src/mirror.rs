//! `acl_mirror`, `acl_mirror_members`, `acl_unmirror`: an application's own tables of companies, projects, locations, users,
//! roles and memberships, kept as ours by triggers (sql/mirror.sql does the work, all rows of a statement at once).
//!
//! Whoever may write a mirrored table administers what it holds: the table's privileges, or its own protection, are the
//! authority, and docacl asks nothing more.

mod places;

use pgrx::prelude::*;
use serde_json::{Map, Value};

use crate::admin::address::{self, given};
use crate::admin::asker::Asker;
use crate::error::{self, Result};
use crate::owner::{AsOwner, AsTableOwner};
use crate::protect::catalog::{drop_trigger, require_unique, spi};
use crate::protect::columns::Table;
use crate::protect::functions::describe;
use crate::protect::tree;
use crate::regclass::Regclass;
use crate::value::Type;

/// The columns that a mirror reads, by what they say.
type Columns<'a> = Vec<(&'static str, Option<&'a str>)>;

/// Keeps the rows of a table as resources, users or roles; how many there are now.
#[pg_extern]
#[allow(clippy::too_many_arguments, reason = "the parameters of the SQL function")]
fn acl_mirror(
    relation: Option<Regclass>,
    kind: Option<&str>,
    key_column: Option<&str>,
    name_column: Option<&str>,
    parent_column: default!(Option<&str>, "NULL"),
    account_column: default!(Option<&str>, "NULL"),
    email_column: default!(Option<&str>, "NULL"),
    role_column: default!(Option<&str>, "NULL"),
    enabled_column: default!(Option<&str>, "NULL"),
) -> Result<i64> {
    let (relation, kind) = (given("relation", relation)?, given("kind", kind)?);
    let (key, name) = (given("key_column", key_column)?, given("name_column", name_column)?);
    let asker = Asker::somebody()?;
    asker.require_above("mirror tables")?;
    let kind = kind_of(&asker, kind)?;
    let person = matches!(kind.as_str(), "user" | "role");
    let only = |applies: bool, what: &str, column: Option<&str>| match column {
        Some(_) if !applies => {
            Err(error::bad(format!("{what} is not for kind {kind}"), "Leave it out; see the function's comment."))
        }
        _ => Ok(()),
    };
    only(!person && kind != "account" && kind != "environment", "parent_column", parent_column)?;
    only(kind != "account", "account_column", account_column)?;
    only(kind == "user", "email_column", email_column)?;
    only(kind == "user", "role_column", role_column)?;
    only(person, "enabled_column", enabled_column)?;
    let columns = vec![
        ("key", Some(key)),
        ("name", Some(name)),
        ("parent", parent_column),
        ("account", account_column),
        ("email", email_column),
        ("role", role_column),
        ("enabled", enabled_column),
    ];
    let account = if account_column.is_some() || kind == "account" { None } else { Some(asker.account()?) };
    mirror(relation, &kind, account, columns, &[key])
}

/// Keeps the rows of a table as memberships; how many there are now.
#[pg_extern]
fn acl_mirror_members(
    relation: Option<Regclass>,
    role_column: Option<&str>,
    member_column: Option<&str>,
) -> Result<i64> {
    let relation = given("relation", relation)?;
    let (role, member) = (given("role_column", role_column)?, given("member_column", member_column)?);
    Asker::somebody()?.require_above("mirror tables")?;
    mirror(relation, "member", None, vec![("key", Some(member)), ("role", Some(role))], &[role, member])
}

/// Ends the mirrors of a table; what they made stays.
#[pg_extern]
fn acl_unmirror(relation: Option<Regclass>, kind: default!(Option<&str>, "NULL")) -> Result<()> {
    let relation = given("relation", relation)?;
    let asker = Asker::somebody()?;
    asker.require_above("end mirrors")?;
    let kind = match kind {
        Some("member") => Some("member".to_owned()),
        Some(word) => Some(kind_of(&asker, word)?),
        None => None,
    };
    let _owner = AsOwner::begin()?;
    let table = Table {
        oid: relation.0,
        name: crate::protect::functions::name_of(relation.0)?,
        columns: vec![],
        primary_key: vec![],
    };
    let ended: Option<Vec<String>> = Spi::get_one_with_args(
        "WITH gone AS (DELETE FROM docacl.mirror WHERE relation = $1 AND ($2 IS NULL OR kind = $2) RETURNING kind)
         SELECT pg_catalog.array_agg(kind) FROM gone",
        &[relation.into(), kind.as_deref().into()],
    )
    .map_err(spi)?;
    let ended = ended.ok_or_else(|| {
        error::wrong_state(
            format!("table {} is not mirrored", table.name),
            "See docacl.mirror for the tables that are.",
        )
    })?;
    for kind in &ended {
        drop_triggers(&table, kind)?;
    }
    // What is followed no more is for hands to take away.
    if ended.iter().any(|kind| kind == "member" || kind == "user") { settle(true) } else { Ok(()) }
}

/// A kind of resource that can be mirrored, `user` or `role`.
fn kind_of(asker: &Asker, word: &str) -> Result<String> {
    match docacl_core::kind::normalize(word).as_str() {
        "user" => Ok("user".to_owned()),
        "role" | "group" => Ok("role".to_owned()),
        "document" => Err(error::bad("documents are not mirrored", "Protect their table with acl_protect.")),
        _ => Ok(address::kind(word, &asker.snap)?.name),
    }
}

fn mirror(relation: Regclass, kind: &str, account: Option<i64>, columns: Columns, unique: &[&str]) -> Result<i64> {
    let _owner = AsOwner::begin()?;
    // Against writers, until the triggers are there and the present rows are read.
    // SAFETY: a lock by OID, kept until the end of the transaction.
    unsafe { pgrx::pg_sys::LockRelationOid(relation.0, pgrx::pg_sys::ShareRowExclusiveLock as i32) };
    let table = describe(relation.0)?;
    if tree::is_partitioned(relation.0) {
        return Err(error::unsupported(
            format!("table {} is partitioned and cannot be mirrored", table.name),
            "Rows written to a partition directly would be missed. Mirror an ordinary table.",
        ));
    }
    let mut json = Map::new();
    for (what, column) in &columns {
        if let Some(column) = column {
            check_column(&table, what, column)?;
            json.insert((*what).to_owned(), Value::from(*column));
        }
    }
    require_unique(&table, &unique.iter().map(|c| (*c).to_owned()).collect::<Vec<_>>())?;
    let json = Value::Object(json);
    let again = of(relation.0)?.iter().any(|m| m.kind == kind);
    Spi::run_with_args(
        "INSERT INTO docacl.mirror (relation, kind, account_id, columns) VALUES ($1, $2, $3, $4)
         ON CONFLICT (relation, kind) DO UPDATE SET account_id = excluded.account_id, columns = excluded.columns",
        &[relation.into(), kind.into(), account.into(), pgrx::JsonB(json).into()],
    )
    .map_err(spi)?;
    drop_triggers(&table, kind)?;
    create_triggers(&table, kind)?;
    let rows = present(&table, &columns)?;
    let count = Spi::get_one_with_args::<i64>(
        "WITH r AS (SELECT pg_catalog.array_agg(t) AS rows, pg_catalog.count(*) AS n
                    FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $1::jsonb) AS t)
         SELECT r.n FROM r, LATERAL (SELECT docacl.mirror_apply($2, $3, r.rows, true) WHERE r.n > 0) AS a (done)
         UNION ALL SELECT 0 ORDER BY 1 DESC LIMIT 1",
        &[rows.into(), kind.into(), account.into()],
    )
    .map_err(spi)?;
    if again && matches!(kind, "member" | "user") {
        settle(false)?;
    }
    Ok(count.unwrap_or(0))
}

/// 42804 where a column cannot say what it is to say.
fn check_column(table: &Table, what: &str, name: &str) -> Result<()> {
    let ty = Type::of(table.column(name)?.ty);
    let (fits, wanted) = match what {
        "name" | "email" => (ty == Type::Text, "text"),
        "enabled" => (ty == Type::Bool, "boolean"),
        _ => (ty.is_key(), "smallint, integer, bigint, uuid or text"),
    };
    if fits {
        return Ok(());
    }
    Err(error::wrong_type(
        format!("column \"{name}\" has a type that cannot be the {what}"),
        format!("It must be {wanted}."),
    ))
}

/// The rows that are there, as JSON. Read as the table's owner: see [`AsTableOwner`].
fn present(table: &Table, columns: &Columns) -> Result<String> {
    let pairs: Vec<String> = columns
        .iter()
        .filter_map(|(what, column)| column.map(|c| (what, c)))
        .map(|(what, column)| {
            let cast = if *what == "enabled" { "" } else { "::pg_catalog.text" };
            format!("'{what}', {}{cast}", pgrx::spi::quote_identifier(column))
        })
        .collect();
    let sql = format!(
        "SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object({})), '[]')::pg_catalog.text FROM {}",
        pairs.join(", "),
        table.name
    );
    let _table_owner = AsTableOwner::begin(table.oid)?;
    Ok(Spi::get_one::<String>(&sql).map_err(spi)?.unwrap_or_else(|| "[]".to_owned()))
}

/// A mirror as docacl.mirror has it.
pub struct Mirror {
    pub table: Table,
    pub kind: String,
    columns: Map<String, Value>,
}

/// The mirrors of a table; none with the objects of 0.1.0.
pub fn of(relation: pgrx::pg_sys::Oid) -> Result<Vec<Mirror>> {
    read("relation = $1", &[relation.into()])
}

fn read(condition: &str, arguments: &[pgrx::datum::DatumWithOid<'_>]) -> Result<Vec<Mirror>> {
    let there = Spi::get_one::<bool>("SELECT pg_catalog.to_regclass('docacl.mirror') IS NOT NULL").map_err(spi)?;
    if there != Some(true) {
        return Ok(Vec::new());
    }
    let sql = format!("SELECT relation::oid, kind, columns FROM docacl.mirror WHERE {condition}");
    let found = Spi::connect_mut(|client| {
        let mut found = Vec::new();
        for row in client.update(&sql, None, arguments)? {
            found.extend(row.get::<pgrx::pg_sys::Oid>(1)?.zip(row.get::<String>(2)?).zip(row.get::<pgrx::JsonB>(3)?));
        }
        Ok(found)
    })
    .map_err(spi)?;
    let mut out = Vec::new();
    for ((oid, kind), columns) in found {
        let name = crate::protect::functions::name_of(oid)?;
        let Value::Object(columns) = columns.0 else { continue };
        out.push(Mirror { table: Table { oid, name, columns: vec![], primary_key: vec![] }, kind, columns });
    }
    Ok(out)
}

impl Mirror {
    /// Its rows as docacl sees them, as JSON; none where a column is gone.
    pub fn rows(&self) -> Result<Option<String>> {
        let columns: Vec<String> = self.columns.values().filter_map(Value::as_str).map(str::to_owned).collect();
        let sql = "SELECT pg_catalog.array_agg(a.attname::text) @> $2 FROM pg_catalog.pg_attribute AS a \
                   WHERE a.attrelid = $1 AND a.attnum > 0 AND NOT a.attisdropped";
        if Spi::get_one_with_args::<bool>(sql, &[self.table.oid.into(), columns.into()]).map_err(spi)? != Some(true) {
            return Ok(None);
        }
        let named = |what: &'static str| (what, self.columns.get(what).and_then(Value::as_str));
        present(&self.table, &["key", "name", "parent", "account", "email", "role", "enabled"].map(named).to_vec())
            .map(Some)
    }
}

/// The memberships that the rows of all mirrors give, as JSON; none where a mirror's column is gone: then nobody knows.
pub fn pairs() -> Result<Option<String>> {
    let mut out = Vec::new();
    for mirror in read("(kind = 'member' OR kind = 'user' AND columns ? 'role')", &[])? {
        let Some(rows) = mirror.rows()? else { return Ok(None) };
        match serde_json::from_str(&rows) {
            Ok(Value::Array(rows)) => out.extend(rows.into_iter().filter(|row| !row["role"].is_null())),
            _ => return Err(error::internal("rows that are no JSON")),
        }
    }
    Ok(Some(Value::Array(out).to_string()))
}

/// Takes over anew what mirrors of these columns say: they were given another type, which may have given every row other
/// values, or dropped and added again, and no trigger fires for that. Called as the extension's owner.
pub fn follow_types(relation: pgrx::pg_sys::Oid, columns: &[String]) -> Result<()> {
    let mut memberships = false;
    for mirror in of(relation)? {
        let read = |column: &Value| column.as_str().is_some_and(|c| columns.iter().any(|changed| changed == c));
        if !mirror.columns.values().any(read) {
            continue;
        }
        // A column that is gone stops the table: every write is refused.
        let Some(rows) = mirror.rows()? else { continue };
        Spi::run_with_args(
            "SELECT docacl.mirror_apply($2, (SELECT m.account_id FROM docacl.mirror AS m WHERE m.relation = $3 AND m.kind = $2), r.rows, false)
             FROM (SELECT pg_catalog.array_agg(t) AS rows FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $1::jsonb) AS t
                   WHERE $2 <> 'member' OR t.role IS NOT NULL) AS r WHERE r.rows IS NOT NULL",
            &[rows.into(), mirror.kind.as_str().into(), relation.into()],
        )
        .map_err(spi)?;
        memberships |= matches!(mirror.kind.as_str(), "member" | "user");
    }
    if memberships { settle(false) } else { Ok(()) }
}

/// Memberships that mirrors made and no mirrored row gives any more: ended, where a mirror is made anew, or as if made
/// by hand, where it is ended.
fn settle(by_hand: bool) -> Result<()> {
    let Some(pairs) = pairs()? else { return Ok(()) };
    Spi::run_with_args(
        "SELECT docacl.mirror_settle((SELECT pg_catalog.array_agg(t) \
         FROM pg_catalog.jsonb_populate_recordset(NULL::docacl.mirrored, $1::jsonb) AS t), $2)",
        &[pairs.into(), by_hand.into()],
    )
    .map_err(spi)
}

const EVENTS: [(&str, &str, &str); 4] = [
    ("insert", "INSERT", "REFERENCING NEW TABLE AS new_rows"),
    ("update", "UPDATE", "REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows"),
    ("delete", "DELETE", "REFERENCING OLD TABLE AS old_rows"),
    ("truncate", "TRUNCATE", ""),
];

fn trigger(kind: &str, event: &str) -> String {
    format!("docacl_mirror_{kind}_{event}")
}

fn drop_triggers(table: &Table, kind: &str) -> Result<()> {
    EVENTS.iter().try_for_each(|(event, _, _)| drop_trigger(table, &trigger(kind, event)))
}

fn create_triggers(table: &Table, kind: &str) -> Result<()> {
    for (event, command, referencing) in EVENTS {
        let (name, argument) = (pgrx::spi::quote_identifier(trigger(kind, event)), pgrx::spi::quote_literal(kind));
        Spi::run(&format!(
            "CREATE TRIGGER {name} AFTER {command} ON {table} {referencing} FOR EACH STATEMENT EXECUTE FUNCTION docacl.follow_mirror({argument})",
            table = table.name
        ))
        .map_err(spi)?;
        Spi::run(&format!("ALTER TABLE {} ENABLE ALWAYS TRIGGER {name}", table.name)).map_err(spi)?;
    }
    Ok(())
}
