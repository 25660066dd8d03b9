//! The own lists of a table's rows when it is protected anew: no list is lost to its row, which would then stand
//! open where its location opens, and none is taken for another row's.

use pgrx::prelude::*;

use super::catalog::spi;
use super::columns::Table;
use super::key::{self, Names};
use super::spec::{ReferenceColumn, Spec};
use crate::error::{Result, in_use, inconsistent};
use crate::facts;
use crate::owner::AsTableOwner;
use crate::scan::Snap;
use crate::shape::By;

/// 55006 where rows have lists that the new spec would no longer find, 23514 where the column that is to hold lists
/// holds anything else.
pub fn keep(table: &Table, before: Option<&Spec>, spec: &Spec, snap: &Snap) -> Result<()> {
    if let Some(before) = before
        && let Some(column) = &before.own_acl
    {
        if before.own_acl == spec.own_acl && before.key == spec.key && places(before) == places(spec) {
            return Ok(());
        }
        if table.column(column).is_ok() && !lists(table, column, std::slice::from_ref(column), 1)?.is_empty() {
            let quoted = pgrx::spi::quote_identifier(column);
            return Err(in_use(
                format!("rows of table {} have lists of their own", table.name),
                format!(
                    "Keep key, location and own_acl as they are. To give the lists up: UPDATE {} SET {quoted} = NULL;",
                    table.name
                ),
            ));
        }
    }
    match (&spec.own_acl, &spec.key) {
        (Some(column), Some(key)) => fit(table, column, key, snap),
        _ => Ok(()),
    }
}

fn places(spec: &Spec) -> Vec<&ReferenceColumn> {
    spec.gates.iter().filter(|g| g.gate == "place").flat_map(|g| &g.refs).collect()
}

/// 23514 where a value is not the list of its row: while the table was not protected anybody might have written it.
fn fit(table: &Table, column: &str, names: &Names, snap: &Snap) -> Result<()> {
    let types = names.columns().iter().map(|n| Ok(table.column(n)?.ty)).collect::<Result<Vec<_>>>()?;
    for (row, own) in lists(table, column, names.columns(), i64::MAX)? {
        let row = row.into_iter().collect::<Option<Vec<String>>>().map(|values| key::join(&types, &values));
        let list = facts::resource(own.unsigned_abs() as i64, snap)?.filter(|r| r.kind == "document");
        if !list.is_some_and(|l| l.relation == Some(table.oid) && l.row_key == row) {
            return Err(inconsistent(
                format!("column \"{column}\" holds what is not its row's own list"),
                format!(
                    "Only docacl writes this column: UPDATE {} SET {} = NULL;",
                    table.name,
                    pgrx::spi::quote_identifier(column)
                ),
            ));
        }
    }
    Ok(())
}

/// Makes the own lists of a table that docacl did not judge meanwhile what its triggers would have kept them: each under
/// the location of its row, none without a row. 23514 where the column holds anything else.
pub fn settle(table: &Table, spec: &Spec) -> Result<()> {
    let (Some(column), Some(key)) = (&spec.own_acl, &spec.key) else { return Ok(()) };
    fit(table, column, key, &Snap::fresh())?;
    let places = places(spec);
    let columns: Vec<String> = places.iter().map(|r| r.column.clone()).collect();
    let mut kept = Vec::new();
    for (values, own) in lists(table, column, &columns, i64::MAX)? {
        let id = own.unsigned_abs() as i64;
        let mut location = None;
        for (reference, value) in places.iter().zip(values) {
            if location.is_none()
                && let Some(value) = value
            {
                location = resource_of(reference, &value, &Snap::fresh())?;
            }
        }
        let sql = "UPDATE docacl.resource SET parent_id = $2 WHERE id = $1 AND parent_id IS DISTINCT FROM $2";
        Spi::run_with_args(sql, &[id.into(), location.into()]).map_err(spi)?;
        kept.push(id);
    }
    let sql = "DELETE FROM docacl.resource WHERE kind = 'document' AND relation = $1 AND id <> ALL ($2)";
    Spi::run_with_args(sql, &[table.oid.into(), kept.into()]).map_err(spi)
}

fn resource_of(reference: &ReferenceColumn, value: &str, snap: &Snap) -> Result<Option<i64>> {
    match reference.by {
        By::Id => match value.parse() {
            Ok(id) => Ok(facts::resource(id, snap)?.map(|r| r.id)),
            Err(_) => Ok(None),
        },
        By::Key => {
            for kind in &reference.kinds {
                if let Some(found) = facts::resource_with_key(kind, value, snap)? {
                    return Ok(Some(found.id));
                }
            }
            Ok(None)
        }
    }
}

/// Keys and lists of rows that have one, `most` of them; read as the table's owner: see [`AsTableOwner`].
fn lists(table: &Table, column: &str, key: &[String], most: i64) -> Result<Vec<(Vec<Option<String>>, i64)>> {
    let column = pgrx::spi::quote_identifier(column);
    let key: Vec<String> = key.iter().map(|k| format!("{}::text", pgrx::spi::quote_identifier(k))).collect();
    let key = key.join(", ");
    let sql = format!("SELECT ARRAY[{key}], {column} FROM {} WHERE {column} IS NOT NULL LIMIT {most}", table.name);
    let _table_owner = AsTableOwner::begin(table.oid)?;
    Spi::connect_mut(|client| {
        let mut out = Vec::new();
        for row in client.update(&sql, None, &[])? {
            out.push((row.get::<Vec<Option<String>>>(1)?.unwrap_or_default(), row.get::<i64>(2)?.unwrap_or_default()));
        }
        Ok(out)
    })
    .map_err(spi)
}
