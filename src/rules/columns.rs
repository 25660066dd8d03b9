//! Which columns of a table a rule reads, and how they name what they name.

use pgrx::prelude::*;

use crate::error::{self, Result};
use crate::facts;
use crate::owner::AsTableOwner;
use crate::protect::catalog::{present_values_are_ids, refers_to_mirror, spi};
use crate::protect::columns::Table;
use crate::protect::spec::Spec;
use crate::scan::Snap;
use crate::shape::By;
use crate::value::Type;

/// The column that names the principal.
pub fn principal(table: &Table, name: &str, snap: &Snap) -> Result<(String, &'static str)> {
    let said = match protection(table, snap)? {
        Some(spec) => {
            let people = [spec.owner, spec.requester, spec.deleted_by];
            people.into_iter().flatten().find(|c| c.column == name).map(|c| c.by)
        }
        None => None,
    };
    let by = match said.or(mirrored_key(table, None)?.filter(|key| key == name).map(|_| By::Key)) {
        Some(by) => by,
        None => by(table, name, &[], snap)?,
    };
    refuse_virtual(table, name)?;
    Ok((name.to_owned(), word(by)))
}

/// A virtual generated column has no value where triggers look.
fn refuse_virtual(table: &Table, name: &str) -> Result<()> {
    let sql = "SELECT EXISTS (SELECT FROM pg_catalog.pg_attribute WHERE attrelid = $1 AND attname = $2 AND attgenerated = 'v')";
    match Spi::get_one_with_args::<bool>(sql, &[table.oid.into(), name.into()]).map_err(spi)? {
        Some(true) => Err(error::wrong_type(
            format!("column \"{name}\" is virtual and cannot be read by a rule"),
            "Name a column whose values are stored.",
        )),
        _ => Ok(()),
    }
}

/// The column that names the resource. Left out: the row itself is one, by the key of its mirror or by a gate.
pub fn resource(table: &Table, name: Option<&str>, kind: &str, snap: &Snap) -> Result<(String, &'static str)> {
    let mirrored = mirrored_key(table, Some(kind))?;
    let gates: Vec<(String, By)> = match protection(table, snap)? {
        Some(spec) => {
            let refs = spec.gates.into_iter().flat_map(|g| g.refs);
            refs.filter(|r| r.kinds.iter().any(|k| k == kind)).map(|r| (r.column, r.by)).collect()
        }
        None => vec![],
    };
    let Some(name) = name else {
        return match (mirrored, gates.as_slice()) {
            (Some(key), _) => Ok((key, word(By::Key))),
            (None, [(column, by)]) => Ok((column.clone(), word(*by))),
            _ => Err(error::bad(
                format!("which {kind} a row of {} is about is not known", table.name),
                format!(
                    "Name the column in resource_column; it may be left out where acl_mirror keeps the table as kind {kind}, or acl_protect knows one gate of it."
                ),
            )),
        };
    };
    let said = gates.into_iter().find(|(column, _)| column == name).map(|(_, by)| by);
    let by = match said.or(mirrored.filter(|key| key == name).map(|_| By::Key)) {
        Some(by) => by,
        None => by(table, name, &[kind.to_owned()], snap)?,
    };
    refuse_virtual(table, name)?;
    Ok((name.to_owned(), word(by)))
}

fn word(by: By) -> &'static str {
    match by {
        By::Id => "id",
        By::Key => "key",
    }
}

fn protection(table: &Table, snap: &Snap) -> Result<Option<Spec>> {
    facts::protected_table(table.oid, snap)?.map(|t| Spec::from_json(t.spec)).transpose()
}

/// The key column of the table's mirror: of this kind; none: of users or roles.
fn mirrored_key(table: &Table, kind: Option<&str>) -> Result<Option<String>> {
    let sql = "SELECT min(m.columns ->> 'key') FROM docacl.mirror AS m \
               WHERE m.relation = $1 AND (m.kind = $2 OR $2 IS NULL AND m.kind IN ('user', 'role'))";
    Spi::get_one_with_args::<String>(sql, &[table.oid.into(), kind.into()]).map_err(spi)
}

/// How a column of which nothing else is known names resources of these kinds (none: principals). Only a bigint leaves
/// a choice.
fn by(table: &Table, name: &str, kinds: &[String], snap: &Snap) -> Result<By> {
    let fits = "Use smallint, integer, uuid or text for the application's keys, bigint for these or for docacl's ids.";
    match Type::of(table.column(name)?.ty) {
        Type::Int2 | Type::Int4 | Type::Uuid | Type::Text => Ok(By::Key),
        Type::Int8 if refers_to_mirror(table, name)? => Ok(By::Key),
        Type::Int8 if present_values_are_ids(table, name, kinds, snap)? => Ok(By::Id),
        Type::Int8 if present_values_are_keys(table, name, kinds, snap)? => Ok(By::Key),
        Type::Int8 => Err(error::wrong_type(
            format!("column \"{name}\" holds neither ids nor keys"),
            "All its values must be docacl's ids, or all keys of what is there; or give it a foreign key to a mirrored table.",
        )),
        _ => Err(error::wrong_type(format!("column \"{name}\" has a type that names nothing"), fits)),
    }
}

/// Whether every value of a bigint column is the key of a resource of these kinds (none: of a principal).
fn present_values_are_keys(table: &Table, column: &str, kinds: &[String], snap: &Snap) -> Result<bool> {
    let quoted = pgrx::spi::quote_identifier(column);
    let sql = format!("SELECT DISTINCT {quoted}::pg_catalog.text FROM {} WHERE {quoted} IS NOT NULL", table.name);
    let values: Vec<String> = {
        let _table_owner = AsTableOwner::begin(table.oid)?;
        Spi::connect(|client| {
            client
                .select(&sql, None, &[])?
                .map(|row| Ok(row.get::<String>(1)?.unwrap_or_default()))
                .collect::<std::result::Result<_, _>>()
        })
        .map_err(spi)?
    };
    for key in values {
        let found = match kinds {
            [] => facts::principal_with_key(&key, snap)?.is_some(),
            _ => {
                let mut any = false;
                for kind in kinds {
                    any = any || facts::resource_with_key(kind, &key, snap)?.is_some();
                }
                any
            }
        };
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}
