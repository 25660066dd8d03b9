//! Giving the rows that name a user another: those that he owns and those that he requested. Who marked a row as deleted is a
//! record of what happened and stays.

use pgrx::pg_sys;
use pgrx::prelude::Spi;

use super::catalog::spi;
use super::functions::name_of;
use super::rows::literal;
use super::spec::{PrincipalColumn, Spec};
use crate::error::{Result, missing_reference, unsupported, wrong_state};
use crate::facts::{self, Principal};
use crate::owner::AsTableOwner;
use crate::scan::Snap;
use crate::shape::By;

/// Puts a user in another's place, in every protected table. Callers act as the extension's owner; who may is decided.
pub fn hand_over(from: &Principal, to: &Principal) -> Result<()> {
    for table in facts::protected_tables(&Snap::fresh())? {
        let spec = Spec::from_json(table.spec)?;
        for column in [&spec.owner, &spec.requester].into_iter().flatten() {
            replace(table.relation, column, from, to)?;
        }
    }
    Ok(())
}

fn written(column: &PrincipalColumn, principal: &Principal) -> Option<String> {
    match column.by {
        By::Id => Some(principal.id.to_string()),
        By::Key => principal.key.clone(),
    }
}

fn replace(relation: pg_sys::Oid, column: &PrincipalColumn, from: &Principal, to: &Principal) -> Result<()> {
    let Some(old) = written(column, from) else { return Ok(()) };
    // What the column's type does not take is in no row.
    let Some(old) = literal(relation, &column.column, &old)? else { return Ok(()) };
    let new = match written(column, to) {
        Some(new) => literal(relation, &column.column, &new)?,
        None => None,
    };
    let name = name_of(relation)?;
    let quoted = pgrx::spi::quote_identifier(&column.column);
    let condition = format!("{quoted} OPERATOR(pg_catalog.=) {old}");
    // A table's own triggers keep their hands off: this is no edit of a document.
    let owner = AsTableOwner::begin_writing(relation)?;
    let Some(new) = new else {
        let sql = format!("SELECT 1 FROM {name} WHERE {condition} LIMIT 1");
        let any = Spi::connect(|client| client.select(&sql, Some(1), &[]).map(|t| !t.is_empty())).map_err(spi)?;
        return if any { Err(no_key(to, &name, &column.column)) } else { Ok(()) };
    };
    let sql = format!("UPDATE {name} SET {quoted} = {new} WHERE {condition}");
    let changed = Spi::connect_mut(|client| client.update(&sql, None, &[]).map(|t| t.len())).map_err(spi)?;
    drop(owner);
    if changed == 0 { Ok(()) } else { check_foreign_keys(relation, &column.column, &name, to, &new) }
}

/// What PostgreSQL's own triggers of foreign keys would have checked: they did not fire either.
fn check_foreign_keys(relation: pg_sys::Oid, column: &str, table: &str, to: &Principal, new: &str) -> Result<()> {
    let keys = Spi::connect(|client| {
        let sql = "SELECT c.conname::text, c.confrelid, r.attname::text,
                          c.conrelid <> a.attrelid OR pg_catalog.cardinality(c.conkey) > 1 OR c.conrelid = c.confrelid
                   FROM pg_catalog.pg_constraint AS c
                   JOIN pg_catalog.pg_attribute AS a ON a.attname = $2 AND (a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey)
                                                                            OR a.attrelid = c.confrelid AND a.attnum = ANY (c.confkey))
                   JOIN pg_catalog.pg_attribute AS r ON r.attrelid = c.confrelid AND r.attnum = c.confkey[1]
                   WHERE c.contype = 'f' AND (a.attrelid = $1 OR a.attrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree($1)))";
        let mut out = Vec::new();
        for row in client.select(sql, None, &[relation.into(), column.into()])? {
            out.push((
                row.get::<String>(1)?.unwrap_or_default(),
                row.get::<pg_sys::Oid>(2)?.unwrap_or(pg_sys::Oid::INVALID),
                row.get::<String>(3)?.unwrap_or_default(),
                row.get::<bool>(4)?.unwrap_or(true),
            ));
        }
        Ok(out)
    })
    .map_err(spi)?;
    for (constraint, referenced, referenced_column, beyond_us) in keys {
        if beyond_us {
            return Err(unsupported(
                format!("column \"{column}\" of table {table} is part of foreign key \"{constraint}\""),
                "Change these rows by an UPDATE of your own, as a user who is admin or system.",
            ));
        }
        let sql = format!(
            "SELECT 1 FROM {} WHERE {} OPERATOR(pg_catalog.=) {new} FOR KEY SHARE",
            name_of(referenced)?,
            pgrx::spi::quote_identifier(referenced_column)
        );
        let _owner = AsTableOwner::begin(referenced)?;
        if Spi::connect_mut(|client| client.update(&sql, None, &[]).map(|t| t.is_empty())).map_err(spi)? {
            return Err(missing_reference(
                format!("\"{}\" is not in what foreign key \"{constraint}\" of table {table} refers to", to.name),
                "Add the user to the table that it refers to first.",
            ));
        }
    }
    Ok(())
}

fn no_key(to: &Principal, table: &str, column: &str) -> pgrx::pg_sys::panic::ErrorReport {
    wrong_state(
        format!("\"{}\" has no key that column \"{column}\" of table {table} takes", to.name),
        "The column names people by the application's keys: name a user who was made with one.",
    )
}
