//! Rows of a mirrored table that go, or did not come about: what the mirror's trigger asks about their resources.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::admin::write;
use crate::error::{self, Result};
use crate::facts;
use crate::made;
use crate::protect::rows;
use crate::scan::Snap;

/// `docacl.refuse_used`: see there. What `acl_drop` refuses a mirror refuses too, whoever deletes.
#[pg_extern(sql = false)]
fn docacl_refuse_used(resources: Vec<i64>, mirrored: pg_sys::Oid, key_column: &str) -> Result<()> {
    let snap = Snap::latest();
    let mut found = Vec::new();
    facts::resources_of(&resources, &snap, |r| found.push(r))?;
    match rows::rows_using_any(&found, (mirrored, key_column))? {
        None => Ok(()),
        Some(table) => Err(error::in_use(
            format!("a {} that is deleted is still used by rows of table \"{table}\"", kind_of(&found)),
            "Give the rows another reference first.",
        )),
    }
}

fn kind_of(resources: &[facts::Resource]) -> &str {
    resources.first().map_or("resource", |r| r.kind.as_str())
}

/// `docacl.unmake`: see there.
#[pg_extern(sql = false)]
fn docacl_unmake(mirrored: pg_sys::Oid, kind: &str, key_column: &str) -> Result<()> {
    for key in made::of(mirrored, kind) {
        if !rows::has_row(mirrored, key_column, &key)? {
            write::run(
                "DELETE FROM docacl.resource WHERE kind = $1 AND key = $2",
                &[kind.into(), key.as_str().into()],
            )?;
        }
    }
    Ok(())
}
