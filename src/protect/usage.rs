//! How many rows a protected table holds of whom: counted past row security, told as numbers only.
//!
//! All references of a row are of one account (every write is checked), so the first that is there says whose it is;
//! a row without any is its owner's. Callers act as the extension's owner and decide who may learn what.

use pgrx::datum::Date;
use pgrx::pg_sys;
use pgrx::prelude::Spi;

use super::catalog::spi;
use super::functions::name_of;
use super::spec::{GateSpec, Spec};
use crate::error::{Result, internal};
use crate::facts::{self, Resource};
use crate::owner::AsTableOwner;
use crate::scan::Snap;
use crate::shape::By;

/// A column that says whose a row is.
#[derive(Debug, Clone)]
enum Says {
    /// A resource of one of these kinds.
    Resource { kinds: Vec<String>, by: By },
    /// The row's own list: its id, negative where it stands instead of the location.
    OwnList,
    /// The row's owner.
    Owner(By),
}

/// A protected table whose rows are counted.
#[derive(Debug, Clone)]
pub struct Table {
    pub relation: pg_sys::Oid,
    columns: Vec<(String, Says)>,
}

/// Rows alike in what says whose they are and in the month in which they were made.
#[derive(Debug)]
pub struct Group {
    at: usize,
    value: String,
    /// The first day of the month, in UTC; none where the table does not say.
    pub month: Option<Date>,
    pub rows: i64,
}

/// The tables whose rows count: those with gates of their own. One that is decided by its parent's rows alone holds
/// parts of them.
pub fn tables(snap: &Snap) -> Result<Vec<Table>> {
    let mut out = Vec::new();
    for table in facts::protected_tables(snap)? {
        let spec = Spec::from_json(table.spec)?;
        if spec.decides() {
            out.push(Table { relation: table.relation, columns: columns(&spec) });
        }
    }
    Ok(out)
}

/// The scope first: it alone leads to an environment.
fn columns(spec: &Spec) -> Vec<(String, Says)> {
    let (scope, others): (Vec<&GateSpec>, Vec<&GateSpec>) = spec.gates.iter().partition(|g| g.gate == "scope");
    let mut out = Vec::new();
    for reference in scope.into_iter().chain(others).flat_map(|g| &g.refs) {
        let says = Says::Resource { kinds: reference.kinds.clone(), by: reference.by };
        out.push((reference.column.clone(), says));
    }
    out.extend(spec.own_acl.iter().map(|column| (column.clone(), Says::OwnList)));
    out.extend(spec.owner.iter().map(|owner| (owner.column.clone(), Says::Owner(owner.by))));
    out
}

/// The rows of a table, grouped. It is read as its owner: see [`AsTableOwner`].
pub fn rows(table: &Table) -> Result<Vec<Group>> {
    if table.columns.is_empty() {
        return Ok(Vec::new());
    }
    let name = name_of(table.relation)?;
    let quoted: Vec<String> = table.columns.iter().map(|(c, _)| pgrx::spi::quote_identifier(c)).collect();
    let which: String = quoted.iter().enumerate().map(|(n, c)| format!(" WHEN {c} IS NOT NULL THEN {n}")).collect();
    let values: Vec<String> = quoted.iter().map(|c| format!("{c}::pg_catalog.text")).collect();
    let sql = format!(
        "SELECT CASE{which} END::int8, coalesce({}), {}, count(*) FROM {name} GROUP BY 1, 2, 3",
        values.join(", "),
        month(table.relation)?
    );
    let _table_owner = AsTableOwner::begin(table.relation)?;
    Spi::connect(|client| {
        let mut out = Vec::new();
        for row in client.select(&sql, None, &[])? {
            if let (Some(at), Some(value)) = (row.get::<i64>(1)?, row.get::<String>(2)?) {
                let at = usize::try_from(at).unwrap_or(usize::MAX);
                out.push(Group { at, value, month: row.get(3)?, rows: row.get(4)?.unwrap_or(0) });
            }
        }
        Ok(out)
    })
    .map_err(spi)
}

/// The month of a row, where the table has a column created_at that says when it was made.
fn month(relation: pg_sys::Oid) -> Result<&'static str> {
    let ty = Spi::get_one_with_args::<pg_sys::Oid>(
        "SELECT max(atttypid) FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attname = 'created_at' AND NOT attisdropped",
        &[relation.into()],
    )
    .map_err(spi)?;
    Ok(match ty {
        Some(pg_sys::TIMESTAMPTZOID) => "date_trunc('month', created_at AT TIME ZONE 'UTC')::date",
        Some(pg_sys::TIMESTAMPOID | pg_sys::DATEOID) => "date_trunc('month', created_at::timestamp)::date",
        _ => "NULL::date",
    })
}

impl Table {
    /// The account that a group's rows are of, and the name of their environment; none: nobody's.
    pub fn belongs(&self, group: &Group, snap: &Snap) -> Result<Option<(i64, Option<String>)>> {
        let Some((_, says)) = self.columns.get(group.at) else {
            return Err(internal("a row counted under no column"));
        };
        let id = group.value.parse::<i64>().ok();
        let resource = match says {
            Says::Owner(By::Id) => return account_of(id.map(|id| facts::principal(id, snap)).transpose()?.flatten()),
            Says::Owner(By::Key) => return account_of(facts::principal_with_key(&group.value, snap)?),
            Says::OwnList => id.map(|id| facts::resource(id.saturating_abs(), snap)).transpose()?.flatten(),
            Says::Resource { by: By::Id, .. } => id.map(|id| facts::resource(id, snap)).transpose()?.flatten(),
            Says::Resource { kinds, by: By::Key } => {
                let mut found = None;
                for kind in kinds {
                    found = found.or(facts::resource_with_key(kind, &group.value, snap)?);
                }
                found
            }
        };
        match resource {
            Some(resource) => Ok(Some((resource.account, environment(&resource, snap)?))),
            None => Ok(None),
        }
    }
}

fn account_of(owner: Option<facts::Principal>) -> Result<Option<(i64, Option<String>)>> {
    Ok(owner.and_then(|p| p.account).map(|account| (account, None)))
}

fn environment(resource: &Resource, snap: &Snap) -> Result<Option<String>> {
    let mut at = resource.clone();
    loop {
        if at.kind == "environment" {
            return Ok(Some(at.name));
        }
        match at.parent.map(|up| facts::resource(up, snap)).transpose()?.flatten() {
            Some(up) => at = up,
            None => return Ok(None),
        }
    }
}
