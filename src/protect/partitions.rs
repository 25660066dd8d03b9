//! The partitions of a protected table: each has the policies of its root, which hold when it is queried directly, and
//! a TRUNCATE trigger of its own. The row trigger PostgreSQL copies from the root.

use pgrx::pg_sys;
use pgrx::prelude::*;
use serde_json::{Map, Value, json};

use super::catalog::spi;
use super::columns::Table;
use super::functions::name_of;
use super::{Spec, ddl, tree};
use crate::error::Result;

/// The row security that each partition had before it was protected, by name; none for a table without partitions.
pub fn had(table: &Table, protected_before: bool) -> Result<Option<pgrx::JsonB>> {
    if !tree::is_partitioned(table.oid) {
        return Ok(None);
    }
    let mut had = if protected_before { remembered(table.oid)? } else { Map::new() };
    for partition in partitions(table) {
        let name = name_of(partition)?;
        if !had.contains_key(&name) {
            let (rls, force) = ddl::row_security(partition)?;
            had.insert(name, json!({"rls": rls, "force": force}));
        }
    }
    Ok(Some(pgrx::JsonB(Value::Object(had))))
}

/// Keeps what [`had`] says with the protected table.
pub fn remember(root: pg_sys::Oid, had: Option<pgrx::JsonB>) -> Result<()> {
    // An installation of 0.1.0 that was not brought up to date yet has no such column, and protects other tables.
    match had {
        Some(had) => Spi::run_with_args(
            "UPDATE docacl.protected_table SET partitions = $2 WHERE relation = $1",
            &[root.into(), had.into()],
        )
        .map_err(spi),
        None => Ok(()),
    }
}

/// Keeps the row security that a new partition had.
pub fn remember_one(root: pg_sys::Oid, name: &str, rls: bool, force: bool) -> Result<()> {
    let one = pgrx::JsonB(json!({ name: {"rls": rls, "force": force} }));
    Spi::run_with_args(
        "UPDATE docacl.protected_table SET partitions = coalesce(partitions, '{}') || $2 WHERE relation = $1",
        &[root.into(), one.into()],
    )
    .map_err(spi)
}

/// A partition becomes a protected table of its own, with what it had before it was one.
pub fn split(root: pg_sys::Oid, table: &Table, spec: pgrx::JsonB) -> Result<()> {
    Spi::run_with_args(
        "INSERT INTO docacl.protected_table (relation, spec, had_rls, had_force, partitions) \
         SELECT $2, $3, coalesce((partitions -> $4 ->> 'rls')::boolean, false), \
                coalesce((partitions -> $4 ->> 'force')::boolean, false), CASE WHEN $5 THEN partitions END \
         FROM docacl.protected_table WHERE relation = $1",
        &[
            root.into(),
            table.oid.into(),
            spec.into(),
            table.name.as_str().into(),
            tree::is_partitioned(table.oid).into(),
        ],
    )
    .map_err(spi)
}

/// Protects every partition.
pub fn write(table: &Table, spec: &Spec) -> Result<()> {
    partitions(table).into_iter().try_for_each(|p| ddl::write_partition(p, &name_of(p)?, spec))
}

/// Removes from every partition what [`write`] wrote.
pub fn remove(table: &Table) -> Result<()> {
    partitions(table).into_iter().try_for_each(|p| ddl::remove_partition(&name_of(p)?))
}

/// Puts ENABLE and FORCE of every partition back to what they were.
pub fn restore(table: &Table, had: Option<pgrx::JsonB>) -> Result<()> {
    let had = had.map(|had| had.0).unwrap_or_default();
    for partition in partitions(table) {
        let name = name_of(partition)?;
        let (rls, force) = match had.get(&name) {
            Some(was) => (was["rls"] == json!(true), was["force"] == json!(true)),
            // Renamed since: not opened where it has policies of its own.
            None => (ddl::has_policies(partition)?, false),
        };
        ddl::restore_row_security(&name, rls, force)?;
    }
    Ok(())
}

fn partitions(table: &Table) -> Vec<pg_sys::Oid> {
    let mut all = tree::tree(table.oid, pg_sys::AccessExclusiveLock);
    all.retain(|p| *p != table.oid);
    all
}

fn remembered(root: pg_sys::Oid) -> Result<Map<String, Value>> {
    let sql = "SELECT coalesce((SELECT partitions FROM docacl.protected_table WHERE relation = $1), '{}')";
    match Spi::get_one_with_args::<pgrx::JsonB>(sql, &[root.into()]).map_err(spi)? {
        Some(pgrx::JsonB(Value::Object(map))) => Ok(map),
        _ => Ok(Map::new()),
    }
}
