//! `acl_protect` and `acl_unprotect`.

use pgrx::pg_sys;
use pgrx::prelude::*;
use serde_json::Value;

use super::catalog::spi;
use super::columns::{self, Column, Table, Written};
use super::lint::{self, Finding};
use super::{Spec, ddl, enforce, lists, parent, parts, tree};
use crate::admin::asker::Asker;
use crate::error::{self, Result, wrong_object};
use crate::facts;
use crate::owner::AsOwner;
use crate::regclass::Regclass;
use crate::scan::Snap;

/// Protects a table, or alters how it is protected, in one step.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_protect(
    relation: Option<Regclass>,
    gates: Option<pgrx::JsonB>,
    options: default!(Option<pgrx::JsonB>, "'{}'"),
) -> Result<
    TableIterator<
        'static,
        (name!(severity, String), name!(object, String), name!(finding, String), name!(advice, String)),
    >,
> {
    let relation = relation.ok_or_else(|| error::null("relation"))?.0;
    let mut gates = gates.ok_or_else(|| error::null("gates"))?.0;
    let mut options = options.ok_or_else(|| error::null("options"))?.0;
    Asker::now()?.require_above("protect tables")?;
    // Before AsOwner, which is another user with another search_path.
    parent::qualify(&mut gates)?;
    parent::qualify(&mut options)?;
    let _owner = AsOwner::begin()?;
    Ok(TableIterator::new(protect(relation, &gates, &options)?))
}

/// Protects a table, or alters how; what is to be known of it then. Called as the extension's owner.
pub fn protect(relation: pg_sys::Oid, gates: &Value, options: &Value) -> Result<Vec<Finding>> {
    lock(relation)?;
    let snap = Snap::fresh();
    let table = describe(relation)?;
    let Written { spec, is_default, enforce } = columns::read(&table, gates, options, &snap)?;
    let found = facts::protected_table(relation, &snap)?;
    if is_default
        && let Some(other) = facts::protected_tables(&snap)?.iter().find(|t| t.is_default && t.relation != relation)
    {
        return Err(error::exists("default documents table", &name_of(other.relation)?));
    }
    let was_enforced = found.as_ref().is_some_and(|t| t.enforced);
    let before = found.map(|t| Spec::from_json(t.spec)).transpose()?;
    if before.as_ref().is_some_and(|before| before.key != spec.key) {
        parent::refuse_children(relation, &snap)?;
    }
    lists::keep(&table, before.as_ref(), &spec, &snap)?;
    let json = pgrx::JsonB(serde_json::to_value(&spec).map_err(|e| error::internal(e.to_string()))?);
    let change = enforce::Change { table: &table, spec: &spec, was: was_enforced, registered: before.is_some() };
    let (rls, force) = ddl::row_security(relation)?;
    change.to(enforce, || {
        Spi::run_with_args(
            "INSERT INTO docacl.protected_table AS p (relation, spec, is_default, had_rls, had_force) \
             VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (relation) DO UPDATE SET spec = excluded.spec, is_default = excluded.is_default",
            &[relation.into(), json.into(), is_default.into(), rls.into(), force.into()],
        )
        .map_err(spi)
    })?;
    lint::findings(Some(relation))
}

/// Ends the protection of a table: policies, ENABLE and FORCE are what they were before acl_protect.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_unprotect(relation: Option<Regclass>) -> Result<()> {
    let relation = relation.ok_or_else(|| error::null("relation"))?.0;
    Asker::now()?.require_above("unprotect tables")?;
    let _owner = AsOwner::begin()?;
    lock(relation)?;
    for part in parts::of(relation)? {
        unprotect(part)?;
    }
    unprotect(relation)
}

/// As `acl_unprotect`, by the extension's owner.
fn unprotect(relation: pg_sys::Oid) -> Result<()> {
    lock(relation)?;
    // Whatever became of it since, as a child of another table or without its key: it is given back.
    let table = Table { oid: relation, name: name_of(relation)?, columns: Vec::new(), primary_key: Vec::new() };
    let Some(found) = facts::protected_table(relation, &Snap::fresh())? else {
        return Err(not_protected(&table.name));
    };
    parent::refuse_children(relation, &Snap::fresh())?;
    if found.enforced {
        enforce::give_back(&table)?;
    }
    Spi::run_with_args("DELETE FROM docacl.protected_table WHERE relation = $1", &[relation.into()]).map_err(spi)?;
    enforce::changed(relation);
    pgrx::warning!("table {} is no longer protected by docacl", table.name);
    Ok(())
}

/// 55000: the table is not protected.
pub fn not_protected(name: &str) -> pgrx::pg_sys::panic::ErrorReport {
    error::wrong_state(format!("table {name} is not protected"), "Protect it with acl_protect first.")
}

/// Nobody writes to or alters the table meanwhile; released at the end of the transaction.
pub fn lock(relation: pg_sys::Oid) -> Result<()> {
    // SAFETY: a lock by OID, and a look whether the relation still exists.
    unsafe {
        pg_sys::LockRelationOid(relation, pg_sys::AccessExclusiveLock as i32);
        tree::tree(relation, pg_sys::AccessExclusiveLock);
        if pg_sys::get_rel_name(relation).is_null() {
            return Err(error::unknown_hint("relation", &u32::from(relation).to_string(), "Name an existing table."));
        }
    }
    Ok(())
}

/// The name of a relation, quoted and schema-qualified. Read from the caches, not by SPI: parallel workers and
/// standbys ask too.
pub fn name_of(relation: pg_sys::Oid) -> Result<String> {
    // SAFETY: look-ups in the catalogue's caches; the names are copies in the current memory context.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            return Err(error::unknown_hint("relation", &u32::from(relation).to_string(), "Name an existing table."));
        }
        let quoted = pg_sys::quote_qualified_identifier(schema, name);
        Ok(std::ffi::CStr::from_ptr(quoted).to_string_lossy().into_owned())
    }
}

/// The table, if it is one that can be protected.
pub fn describe(relation: pg_sys::Oid) -> Result<Table> {
    let name = name_of(relation)?;
    let problem = Spi::get_one_with_args::<String>(
        "SELECT CASE \
           WHEN c.relispartition THEN 'a partition' \
           WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_partition_tree(c.oid) AS t JOIN pg_catalog.pg_class AS p ON p.oid = t.relid \
             WHERE p.relkind = 'f') THEN 'a partitioned table with a foreign partition' \
           WHEN c.relkind = 'v' THEN 'a view' \
           WHEN c.relkind = 'm' THEN 'a materialized view' \
           WHEN c.relkind = 'f' THEN 'a foreign table' \
           WHEN c.relkind NOT IN ('r', 'p') THEN 'no table' \
           WHEN c.relpersistence = 't' THEN 'a temporary table' \
           WHEN c.oid < 16384 OR n.nspname IN ('pg_catalog', 'information_schema', 'pg_toast') THEN 'a system table' \
           WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_depend d WHERE d.classid = 'pg_catalog.pg_class'::regclass \
             AND d.objid = c.oid AND d.deptype = 'e') THEN 'a table of an extension' \
           WHEN EXISTS (SELECT 1 FROM pg_catalog.pg_inherits i WHERE c.oid IN (i.inhrelid, i.inhparent)) AND c.relkind <> 'p' THEN 'part of an inheritance tree' \
           ELSE '' END \
         FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = $1",
        &[relation.into()],
    )
    .map_err(spi)?
    .unwrap_or_default();
    match problem.as_str() {
        "" => {}
        "a partition" => {
            return Err(error::unsupported(
                format!("{name} is a partition and cannot be protected by itself"),
                format!(
                    "Protect the partitioned table, and every partition with it: {}.",
                    name_of(tree::root_of(relation))?
                ),
            ));
        }
        problem => {
            return Err(wrong_object(
                format!("{name} is {problem}"),
                "Protect an ordinary table. A view shows what its reader may see where it is made WITH (security_invoker).",
            ));
        }
    }
    let columns = Spi::connect(|client| {
        let rows = client.select(
            "SELECT attname::text, atttypid, attgenerated <> '', attnotnull FROM pg_catalog.pg_attribute \
             WHERE attrelid = $1 AND attnum > 0 AND NOT attisdropped ORDER BY attnum",
            None,
            &[relation.into()],
        )?;
        let mut out = Vec::new();
        for row in rows {
            out.push(Column {
                name: row.get::<String>(1)?.unwrap_or_default(),
                ty: row.get::<pg_sys::Oid>(2)?.unwrap_or(pg_sys::Oid::INVALID),
                generated: row.get::<bool>(3)?.unwrap_or(true),
                not_null: row.get::<bool>(4)?.unwrap_or(true),
            });
        }
        Ok::<_, pgrx::spi::SpiError>(out)
    })
    .map_err(spi)?;
    // Without the partition key's columns, as long as others identify a row: they are there because PostgreSQL wants
    // them, and a key is not for users to change.
    let primary_key = Spi::get_one_with_args::<Vec<String>>(
        "SELECT coalesce(array_agg(a.attname::text ORDER BY k.at) FILTER (WHERE (a.attnum = ANY (p.partattrs::int2[])) IS NOT TRUE), \
         array_agg(a.attname::text ORDER BY k.at)) FROM pg_catalog.pg_index i \
         LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = i.indrelid, \
         unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, at), pg_catalog.pg_attribute a \
         WHERE i.indrelid = $1 AND i.indisprimary AND k.at <= i.indnkeyatts AND a.attrelid = $1 AND a.attnum = k.attnum",
        &[relation.into()],
    )
    .map_err(spi)?
    .unwrap_or_default();
    Ok(Table { oid: relation, name, columns, primary_key })
}
