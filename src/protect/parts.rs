//! Tables that belong to another: content and previews of a table that `acl_create_documents` made. They go with it, dropped
//! or unprotected, as a sequence goes with the column that owns it. (A dump does not say so: restored, they are tables like
//! others, and DROP TABLE wants CASCADE.)

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::spi;
use crate::error::Result;

/// Makes a table go with another.
pub fn belongs(part: pg_sys::Oid, to: pg_sys::Oid) {
    let address =
        |object| pg_sys::ObjectAddress { classId: pg_sys::RelationRelationId, objectId: object, objectSubId: 0 };
    // SAFETY: both tables exist and are locked by whoever made them.
    unsafe { pg_sys::recordDependencyOn(&address(part), &address(to), pg_sys::DependencyType::DEPENDENCY_AUTO) };
}

/// The protected tables that belong to a table, partitions aside.
pub fn of(relation: pg_sys::Oid) -> Result<Vec<pg_sys::Oid>> {
    let sql = "SELECT p.relation::oid FROM pg_catalog.pg_depend AS d JOIN docacl.protected_table AS p ON p.relation = d.objid \
               WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objsubid = 0 AND d.deptype = 'a' \
               AND d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjid = $1 AND d.refobjsubid = 0 ORDER BY 1";
    Spi::connect(|client| {
        let mut out = Vec::new();
        for row in client.select(sql, None, &[relation.into()])? {
            out.extend(row.get::<pg_sys::Oid>(1)?);
        }
        Ok(out)
    })
    .map_err(spi)
}
