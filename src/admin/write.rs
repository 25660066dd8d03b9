//! Writing docacl's tables: SQL run as the extension's owner, after authority was checked.

use std::collections::HashMap;

use pgrx::datum::DatumWithOid;
use pgrx::prelude::*;

use crate::error::{Result, internal};
use crate::owner::AsOwner;

/// Does something as the extension's owner.
pub fn as_owner<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    let _owner = AsOwner::begin()?;
    work()
}

/// Runs a statement; how many rows it changed or returned.
pub fn run(sql: &str, args: &[DatumWithOid]) -> Result<usize> {
    let _owner = AsOwner::begin()?;
    Spi::connect_mut(|client| client.update(sql, None, args).map(|table| table.len()))
        .map_err(|e| internal(e.to_string()))
}

/// Runs a statement that returns one bigint, or no row.
pub fn id(sql: &str, args: &[DatumWithOid]) -> Result<Option<i64>> {
    let _owner = AsOwner::begin()?;
    Spi::connect_mut(|client| {
        let table = client.update(sql, None, args)?;
        if table.is_empty() { Ok(None) } else { table.first().get_one::<i64>() }
    })
    .map_err(|e: pgrx::spi::Error| internal(e.to_string()))
}

/// Holds the account's row against other sessions that change how its roles or its trees hang together, so that
/// two of them cannot make a cycle, or remove the last two administrators, between them. Sessions that only refer
/// to the account (sql/references.sql) do not wait. What is read afterwards must be read with [`crate::scan::Snap::latest`].
pub fn lock_structure(account: i64) -> Result<()> {
    run("SELECT 1 FROM docacl.resource WHERE id = $1 FOR NO KEY UPDATE", &[account.into()]).map(drop)
}

/// Runs a statement that returns a bigint in each row.
pub fn ids(sql: &str, args: &[DatumWithOid]) -> Result<Vec<i64>> {
    let _owner = AsOwner::begin()?;
    Spi::connect_mut(|client| {
        let mut out = Vec::new();
        for row in client.update(sql, None, args)? {
            out.extend(row.get::<i64>(1)?);
        }
        Ok(out)
    })
    .map_err(|e: pgrx::spi::Error| internal(e.to_string()))
}

/// Runs a statement that returns a bigint and a text in each row.
pub fn texts(sql: &str, args: &[DatumWithOid]) -> Result<HashMap<i64, String>> {
    let _owner = AsOwner::begin()?;
    Spi::connect_mut(|client| {
        let mut out = HashMap::new();
        for row in client.update(sql, None, args)? {
            out.extend(row.get::<i64>(1)?.zip(row.get::<String>(2)?));
        }
        Ok(out)
    })
    .map_err(|e: pgrx::spi::Error| internal(e.to_string()))
}

/// Runs a statement that returns one text, or null, or no row.
pub fn text(sql: &str, args: &[DatumWithOid]) -> Result<Option<String>> {
    let _owner = AsOwner::begin()?;
    Spi::connect_mut(|client| {
        let table = client.update(sql, None, args)?;
        if table.is_empty() { Ok(None) } else { table.first().get_one::<String>() }
    })
    .map_err(|e: pgrx::spi::Error| internal(e.to_string()))
}
