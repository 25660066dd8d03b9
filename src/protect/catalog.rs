//! What PostgreSQL's catalogue and the table itself say of the columns that `acl_protect` was given.

use pgrx::prelude::*;

use super::columns::Table;
use crate::error::{Result, bad, internal};
use crate::facts;
use crate::owner::AsTableOwner;
use crate::scan::Snap;

/// Whether every value of a column is the id of a resource of these kinds (none: of a principal). The table is read
/// as its owner: see [`AsTableOwner`].
pub fn present_values_are_ids(table: &Table, column: &str, kinds: &[String], snap: &Snap) -> Result<bool> {
    let quoted = pgrx::spi::quote_identifier(column);
    let sql = format!("SELECT DISTINCT {quoted} FROM {} WHERE {quoted} IS NOT NULL", table.name);
    let values: Vec<i64> = {
        let _table_owner = AsTableOwner::begin(table.oid)?;
        Spi::connect(|client| {
            client
                .select(&sql, None, &[])?
                .map(|row| Ok(row.get::<i64>(1)?.unwrap_or_default()))
                .collect::<std::result::Result<_, _>>()
        })
        .map_err(spi)?
    };
    for id in values {
        let found = if kinds.is_empty() {
            facts::principal(id, snap)?.is_some()
        } else {
            facts::resource(id, snap)?.is_some_and(|r| !r.is_star && kinds.contains(&r.kind))
        };
        if !found {
            return Ok(false);
        }
    }
    Ok(true)
}

/// A foreign key of the column that sets it null or default.
pub fn nulling_foreign_key(table: &Table, column: &str) -> Result<Option<String>> {
    let sql = "SELECT c.conname::text FROM pg_catalog.pg_constraint c JOIN pg_catalog.pg_attribute a \
               ON a.attrelid = c.conrelid AND a.attnum = ANY (c.conkey) \
               WHERE (c.conrelid = $1 OR c.conrelid IN (SELECT relid FROM pg_catalog.pg_partition_tree($1))) AND c.contype = 'f' AND a.attname = $2 \
               AND (c.confdeltype IN ('n', 'd') OR c.confupdtype IN ('n', 'd')) ORDER BY 1 LIMIT 1";
    one(sql, &[table.oid.into(), column.into()])
}

/// Whether a foreign key of the column alone refers to the key of a mirrored table: the column then holds the application's
/// identifiers.
pub fn refers_to_mirror(table: &Table, column: &str) -> Result<bool> {
    let sql = "SELECT 1::int8 FROM pg_catalog.pg_constraint c \
               JOIN pg_catalog.pg_attribute a ON a.attrelid = c.conrelid AND c.conkey = ARRAY[a.attnum] \
               JOIN pg_catalog.pg_attribute k ON k.attrelid = c.confrelid AND c.confkey = ARRAY[k.attnum] \
               JOIN docacl.mirror m ON m.relation = c.confrelid AND m.columns ->> 'key' = k.attname::text AND m.kind <> 'member' \
               WHERE c.conrelid = $1 AND c.contype = 'f' AND a.attname = $2 LIMIT 1";
    // The library may be newer than the objects in the database.
    let there = one::<bool>("SELECT pg_catalog.to_regclass('docacl.mirror') IS NOT NULL", &[])?;
    Ok(there == Some(true) && one::<i64>(sql, &[table.oid.into(), column.into()])?.is_some())
}

/// Drops a trigger; one that is not there is not missed, and nobody is told.
pub fn drop_trigger(table: &Table, name: &str) -> Result<()> {
    let sql = "SELECT 1::int8 FROM pg_catalog.pg_trigger WHERE tgrelid = $1 AND tgname = $2::pg_catalog.name";
    if one::<i64>(sql, &[table.oid.into(), name.into()])?.is_some() {
        Spi::run(&format!("DROP TRIGGER {} ON {}", pgrx::spi::quote_identifier(name), table.name)).map_err(spi)?;
    }
    Ok(())
}

/// 22023 where the columns have no unique index of their own. A partitioned table's has the columns of the partition
/// key besides: PostgreSQL wants them.
pub fn require_unique(table: &Table, columns: &[String]) -> Result<()> {
    let sql = "SELECT i.indexrelid::int8 FROM pg_catalog.pg_index i \
               LEFT JOIN pg_catalog.pg_partitioned_table p ON p.partrelid = i.indrelid \
               WHERE i.indrelid = $1 AND i.indisunique AND i.indisvalid \
               AND i.indpred IS NULL AND i.indexprs IS NULL AND (SELECT count(*) FILTER (WHERE a.attname::text = ANY ($2)) = pg_catalog.cardinality($2) \
                   AND coalesce(pg_catalog.bool_and(a.attname::text = ANY ($2) OR coalesce(a.attnum = ANY (p.partattrs::int2[]), false)), false) \
                 FROM pg_catalog.unnest(i.indkey::int2[]) WITH ORDINALITY AS k(attnum, at) JOIN pg_catalog.pg_attribute a \
                 ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.at <= i.indnkeyatts) LIMIT 1";
    match one::<i64>(sql, &[table.oid.into(), columns.to_vec().into()])? {
        Some(_) => Ok(()),
        None => {
            let (word, list) = (if columns.len() == 1 { "column" } else { "columns" }, columns.join("\", \""));
            let are = if columns.len() == 1 { "is" } else { "are" };
            Err(bad(
                format!("key {word} \"{list}\" {are} not unique"),
                format!("Make it the primary key, or create a unique index on \"{list}\"."),
            ))
        }
    }
}

fn one<T: FromDatum + IntoDatum>(sql: &str, args: &[pgrx::datum::DatumWithOid<'_>]) -> Result<Option<T>> {
    match Spi::get_one_with_args::<T>(sql, args) {
        Ok(value) => Ok(value),
        Err(pgrx::spi::SpiError::InvalidPosition) => Ok(None),
        Err(e) => Err(spi(e)),
    }
}

/// An error of SPI itself, not of the statement (those are raised by PostgreSQL).
pub fn spi(e: pgrx::spi::SpiError) -> pgrx::pg_sys::panic::ErrorReport {
    internal(format!("SPI: {e}"))
}
