//! What docacl itself writes into a row: who is asking, in the columns of owner, requester and deleter.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::tuple::{Column, Values, Who};
use crate::bound::Bound;
use crate::error::{Result, inconsistent, required};
use crate::shape::By;

/// Sets a column, and remembers that it was set.
pub fn put(column: Column, value: Option<pg_sys::Datum>, values: &mut Values, changed: &mut Vec<Column>) {
    values.set(column, value);
    if !changed.iter().any(|c| c.attno == column.attno) {
        changed.push(column);
    }
}

/// Writes who is asking into a column.
pub fn write_me(bound: &Bound, who: Who, values: &mut Values, changed: &mut Vec<Column>) -> Result<()> {
    let ring = &bound.ring;
    let datum = match who.by {
        By::Id => Some(pg_sys::Datum::from(ring.id)),
        By::Key => match &ring.key {
            Some(key) => from_text(who.column.ty, key)?,
            // system is nobody of the application's, and must still be able to mark a row.
            None if ring.id == crate::facts::SYSTEM => None,
            None => {
                return Err(required(
                    "who is asking has no key of the application",
                    "The table names its people by the application's keys: give this principal one when it is made (key => …).",
                ));
            }
        },
    };
    put(who.column, datum, values, changed);
    Ok(())
}

/// A key of the application as a value of a column's type.
fn from_text(ty: pg_sys::Oid, key: &str) -> Result<Option<pg_sys::Datum>> {
    let wrong = || {
        inconsistent(
            format!("key \"{key}\" is no value of the column's type"),
            "Give the principal a key of that type.",
        )
    };
    Ok(match ty {
        pg_sys::INT2OID => key.parse::<i16>().map_err(|_| wrong())?.into_datum(),
        pg_sys::INT4OID => key.parse::<i32>().map_err(|_| wrong())?.into_datum(),
        pg_sys::INT8OID => key.parse::<i64>().map_err(|_| wrong())?.into_datum(),
        pg_sys::UUIDOID => {
            let bits = crate::value::parse_uuid(key).ok_or_else(wrong)?;
            pgrx::Uuid::from_bytes(bits.to_be_bytes()).into_datum()
        }
        _ => key.into_datum(),
    })
}
