//! Looking from a resource, a principal or a key to the rows of protected tables, past row security: callers act
//! as the extension's owner and decide themselves who may learn what.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::functions::name_of;
use super::spec::Spec;
use super::tree;
use crate::error::{Result, internal};
use crate::facts::{self, Principal, Resource};
use crate::lookup;
use crate::owner::AsTableOwner;
use crate::scan::Snap;
use crate::shape::By;
use crate::value::parse_uuid;

/// A protected table that holds rows of this resource, if there is one. Locks the tables that could against
/// writers until the transaction ends: a row that is being written is waited for, and one written later finds
/// the resource gone.
pub fn rows_using(resource: &Resource) -> Result<Option<String>> {
    let snap = Snap::fresh();
    for table in facts::protected_tables(&snap)? {
        let spec = Spec::from_json(table.spec)?;
        if resource.kind == "function" {
            for name in spec.gates.iter().flat_map(|g| &g.constant) {
                let named = lookup::by_name_or_path(resource.account, "function", name, &snap)?;
                if named.iter().any(|r| r.id == resource.id) {
                    return Ok(Some(name_of(table.relation)?));
                }
            }
        }
        for reference in spec.gates.iter().flat_map(|g| &g.refs).filter(|r| r.kinds.contains(&resource.kind)) {
            let value = match reference.by {
                By::Id => Some(resource.id.to_string()),
                By::Key => resource.key.clone(),
            };
            if let Some(value) = value
                && uses(table.relation, &reference.column, &value)?
            {
                return Ok(Some(name_of(table.relation)?));
            }
        }
    }
    Ok(None)
}

/// The first of these resources that rows of a protected table refer to, with the table; `but` that column of that table,
/// whose rows are the resources themselves. Locks as [`rows_using`]; one look at each column, however many resources.
pub fn rows_using_any(resources: &[Resource], but: (pg_sys::Oid, &str)) -> Result<Option<String>> {
    let snap = Snap::fresh();
    for table in facts::protected_tables(&snap)? {
        let spec = Spec::from_json(table.spec)?;
        for reference in spec.gates.iter().flat_map(|g| &g.refs) {
            if table.relation == but.0 && reference.column == but.1 {
                continue;
            }
            let values = referring(reference, resources);
            if !values.is_empty() && uses_any(table.relation, &reference.column, &values, "")? {
                return Ok(Some(name_of(table.relation)?));
            }
        }
    }
    for resource in resources.iter().filter(|r| r.kind == "function") {
        if let Some(table) = rows_using(resource)? {
            return Ok(Some(table));
        }
    }
    Ok(None)
}

/// A protected table that holds immutable rows of these resources, marked rows aside.
pub fn immutable_rows(resources: &[Resource]) -> Result<Option<String>> {
    for table in facts::protected_tables(&Snap::fresh())? {
        let spec = Spec::from_json(table.spec)?;
        let Some(immutable) = &spec.immutable else { continue };
        let mut more = format!(" AND {}", is_set(table.relation, immutable)?);
        if let Some(deleted) = &spec.deleted {
            more += &format!(" AND NOT {}", is_set(table.relation, deleted)?);
        }
        for reference in spec.gates.iter().flat_map(|g| &g.refs) {
            let values = referring(reference, resources);
            if !values.is_empty() && uses_any(table.relation, &reference.column, &values, &more)? {
                return Ok(Some(name_of(table.relation)?));
            }
        }
    }
    Ok(None)
}

/// Whether a table has a row with this value in a column, past row security.
pub fn has_row(relation: pg_sys::Oid, column: &str, value: &str) -> Result<bool> {
    look(relation, column, &[value.to_owned()], "")
}

/// What a column holds that refers to any of the resources.
fn referring(reference: &super::spec::ReferenceColumn, resources: &[Resource]) -> Vec<String> {
    let of_kind = resources.iter().filter(|r| reference.kinds.contains(&r.kind));
    match reference.by {
        By::Id => of_kind.map(|r| r.id.to_string()).collect(),
        By::Key => of_kind.filter_map(|r| r.key.clone()).collect(),
    }
}

/// A flag of a row as a condition.
fn is_set(relation: pg_sys::Oid, column: &str) -> Result<String> {
    let quoted = pgrx::spi::quote_identifier(column);
    Ok(match type_of(relation, column)? {
        pg_sys::BOOLOID => format!("coalesce({quoted}, false)"),
        _ => format!("{quoted} IS NOT NULL"),
    })
}

fn uses_any(relation: pg_sys::Oid, column: &str, values: &[String], more: &str) -> Result<bool> {
    // SAFETY: a lock by OID, kept to the end of the transaction.
    unsafe { pg_sys::LockRelationOid(relation, pg_sys::ShareRowExclusiveLock as i32) };
    tree::tree(relation, pg_sys::ShareRowExclusiveLock);
    look(relation, column, values, more)
}

fn look(relation: pg_sys::Oid, column: &str, values: &[String], more: &str) -> Result<bool> {
    let mut literals = Vec::new();
    for value in values {
        literals.extend(literal(relation, column, value)?);
    }
    if literals.is_empty() {
        return Ok(false);
    }
    let (name, quoted) = (name_of(relation)?, pgrx::spi::quote_identifier(column));
    let _table_owner = AsTableOwner::begin(relation)?;
    exists(&format!("SELECT 1 FROM {name} WHERE {quoted} = ANY (ARRAY[{}]){more} LIMIT 1", literals.join(", ")))
}

/// A protected table that holds rows owned by this principal, if there is one; locks as [`rows_using`].
pub fn rows_owned_by(principal: &Principal) -> Result<Option<String>> {
    let snap = Snap::fresh();
    for table in facts::protected_tables(&snap)? {
        let Some(owner) = Spec::from_json(table.spec)?.owner else {
            continue;
        };
        let value = match owner.by {
            By::Id => Some(principal.id.to_string()),
            By::Key => principal.key.clone(),
        };
        if let Some(value) = value
            && uses(table.relation, &owner.column, &value)?
        {
            return Ok(Some(name_of(table.relation)?));
        }
    }
    Ok(None)
}

fn uses(relation: pg_sys::Oid, column: &str, value: &str) -> Result<bool> {
    let name = name_of(relation)?;
    // SAFETY: a lock by OID, kept to the end of the transaction.
    unsafe { pg_sys::LockRelationOid(relation, pg_sys::ShareRowExclusiveLock as i32) };
    // Partitions are written to directly as well.
    tree::tree(relation, pg_sys::ShareRowExclusiveLock);
    let Some(literal) = literal(relation, column, value)? else { return Ok(false) };
    let quoted = pgrx::spi::quote_identifier(column);
    let _table_owner = AsTableOwner::begin_probing(relation)?;
    exists(&format!("SELECT 1 FROM {name} WHERE {quoted} = {literal} LIMIT 1"))
}

/// A value as a literal of the column's own type, so that the column's index serves. None where the type does not take it
/// (a resource's key that is no uuid): then it is in no row.
pub fn literal(relation: pg_sys::Oid, column: &str, value: &str) -> Result<Option<String>> {
    let ty = type_of(relation, column)?;
    Ok(match ty {
        pg_sys::INT2OID if value.parse::<i16>().is_ok() => Some(value.to_owned()),
        pg_sys::INT4OID if value.parse::<i32>().is_ok() => Some(value.to_owned()),
        pg_sys::INT8OID if value.parse::<i64>().is_ok() => Some(format!("{value}::bigint")),
        pg_sys::UUIDOID if parse_uuid(value).is_some() => Some(format!("{}::uuid", pgrx::spi::quote_literal(value))),
        pg_sys::TEXTOID | pg_sys::VARCHAROID => Some(pgrx::spi::quote_literal(value)),
        _ => None,
    })
}

fn type_of(relation: pg_sys::Oid, column: &str) -> Result<pg_sys::Oid> {
    let name = std::ffi::CString::new(column).map_err(|_| internal("a column with a zero byte"))?;
    // SAFETY: look-ups in the catalogue's caches, which answer with an invalid oid where there is no such column.
    unsafe {
        let attno = pg_sys::get_attnum(relation, name.as_ptr());
        Ok(if attno > 0 { pg_sys::get_atttype(relation, attno) } else { pg_sys::Oid::INVALID })
    }
}

/// Whether a query finds a row among everything committed by now, whatever the isolation level: a REPEATABLE READ
/// transaction must not drop what a row written since its snapshot uses.
fn exists(sql: &str) -> Result<bool> {
    let text = std::ffi::CString::new(sql).map_err(|_| internal("a query with a zero byte"))?;
    let snap = Snap::latest();
    Spi::connect(|_| {
        // SAFETY: connected; the plan takes no arguments and is run read-only under a snapshot that lives.
        let (status, found) = unsafe {
            let plan = pg_sys::SPI_prepare(text.as_ptr(), 0, std::ptr::null_mut());
            let none = std::ptr::null_mut();
            let status =
                pg_sys::SPI_execute_snapshot(plan, none, std::ptr::null(), snap.pointer(), none.cast(), true, false, 1);
            (status, pg_sys::SPI_processed > 0)
        };
        if status == pg_sys::SPI_OK_SELECT as i32 { Ok(found) } else { Err(internal("a look for rows failed")) }
    })
}
