//! What DDL does to protected partitioned tables. `docacl.follow_partitions()` runs at the end of every CREATE TABLE and
//! ALTER TABLE. Only the command's own words count, never that something is missing: pg_restore attaches partitions
//! before docacl knows of protected tables, and brings the policies of each relation later by itself.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::catalog::spi;
use super::columns::Table;
use super::functions::name_of;
use super::{Spec, ddl, partitions, tree};
use crate::check::raise;
use crate::error::{Result, internal, unsupported};
use crate::facts;
use crate::owner::{AsOwner, AsTableOwner};
use crate::scan::Snap;

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_follow_partitions() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `docacl.follow_partitions()`: an event trigger on the end of commands.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_follow_partitions(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: PostgreSQL calls with a valid fcinfo.
    if let Err(e) = unsafe { follow(fcinfo) } {
        raise(e);
    }
    pg_sys::Datum::from(0usize)
}

unsafe fn follow(fcinfo: pg_sys::FunctionCallInfo) -> Result<()> {
    // SAFETY: a context of that tag is an EventTriggerData, whose parse tree lives as long as the command.
    let tree = unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return Err(internal("follow_partitions is an event trigger"));
        }
        (*(context as *mut pg_sys::EventTriggerData)).parsetree
    };
    // SAFETY: as above; a node of a tag is of that type.
    let (attached, detached) = unsafe {
        match tree.as_ref().map(|t| t.type_) {
            Some(pg_sys::NodeTag::T_CreateStmt) => {
                (!(*(tree as *mut pg_sys::CreateStmt)).partbound.is_null(), Vec::new())
            }
            Some(pg_sys::NodeTag::T_AlterTableStmt) => changes(&*(tree as *mut pg_sys::AlterTableStmt)),
            // CREATE FOREIGN TABLE and CREATE SCHEMA, whose elements are commands of their own.
            _ => (true, Vec::new()),
        }
    };
    if attached {
        for relation in commanded()? {
            adopt(tree::root_of(relation))?;
        }
    }
    detached.into_iter().try_for_each(release)
}

/// Whether an ALTER TABLE attaches partitions, and which it detaches.
unsafe fn changes(statement: &pg_sys::AlterTableStmt) -> (bool, Vec<pg_sys::Oid>) {
    let (mut attached, mut detached) = (false, Vec::new());
    // SAFETY: the list is of AlterTableCmd; the definition of these kinds is a PartitionCmd.
    unsafe {
        if statement.cmds.is_null() {
            return (attached, detached);
        }
        let cells = std::slice::from_raw_parts((*statement.cmds).elements, (*statement.cmds).length as usize);
        for cell in cells {
            let command = &*(cell.ptr_value as *const pg_sys::AlterTableCmd);
            match command.subtype {
                pg_sys::AlterTableType::AT_AttachPartition => attached = true,
                pg_sys::AlterTableType::AT_DetachPartition | pg_sys::AlterTableType::AT_DetachPartitionFinalize => {
                    let name = (*(command.def as *const pg_sys::PartitionCmd)).name;
                    let relation = pg_sys::RangeVarGetRelidExtended(
                        name,
                        pg_sys::NoLock as i32,
                        pg_sys::RVROption::RVR_MISSING_OK,
                        None,
                        std::ptr::null_mut(),
                    );
                    if relation != pg_sys::Oid::INVALID {
                        detached.push(relation);
                    }
                }
                _ => {}
            }
        }
    }
    (attached, detached)
}

/// The relations that the command made or altered.
fn commanded() -> Result<Vec<pg_sys::Oid>> {
    let _owner = AsOwner::begin()?;
    let sql = "SELECT DISTINCT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() AS c \
               WHERE c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND NOT c.in_extension";
    oids(sql, &[])
}

/// The partitions that do not have what the root has: a policy of the right name is not enough, for the owner of a table
/// may have written it before he attached the table.
const FRESH: &str = "SELECT t.relid::oid FROM pg_catalog.pg_partition_tree($1) AS t JOIN pg_catalog.pg_class AS c ON c.oid = t.relid \
    WHERE t.relid <> $1 AND NOT (c.relrowsecurity AND c.relforcerowsecurity \
        AND EXISTS (SELECT 1 FROM pg_catalog.pg_trigger AS g WHERE g.tgrelid = c.oid AND g.tgname = '~docacl_truncate' AND g.tgenabled = 'A' \
            AND g.tgfoid = 'docacl.truncate_trigger()'::pg_catalog.regprocedure) \
        AND 4 = (SELECT count(*) FROM pg_catalog.pg_policy AS p JOIN pg_catalog.pg_policy AS r \
            ON r.polrelid = $1 AND r.polname = p.polname AND r.polcmd = p.polcmd AND r.polroles = p.polroles \
            AND pg_catalog.pg_get_expr(r.polqual, r.polrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(p.polqual, p.polrelid) \
            AND pg_catalog.pg_get_expr(r.polwithcheck, r.polrelid) IS NOT DISTINCT FROM pg_catalog.pg_get_expr(p.polwithcheck, p.polrelid) \
            WHERE p.polrelid = c.oid AND NOT p.polpermissive AND NOT r.polpermissive \
            AND p.polname IN ('docacl_select', 'docacl_insert', 'docacl_update', 'docacl_delete')))";

/// Protects the partitions of a protected table that are not protected yet.
fn adopt(root: pg_sys::Oid) -> Result<()> {
    if !tree::is_partitioned(root) {
        return Ok(());
    }
    let _owner = AsOwner::begin()?;
    let Some(protected) = facts::protected_table(root, &Snap::fresh())?.filter(|t| t.enforced) else {
        return Ok(());
    };
    let spec = Spec::from_json(protected.spec)?;
    let fresh = oids(FRESH, &[root.into()])?;
    for partition in fresh {
        let name = name_of(partition)?;
        // SAFETY: a look-up in the catalogue's caches.
        if unsafe { pg_sys::get_rel_relkind(partition) } as u8 == pg_sys::RELKIND_FOREIGN_TABLE {
            return Err(unsupported(
                format!("foreign table {name} cannot be a partition of protected table {}", name_of(root)?),
                "Row security does not reach another server: make it an ordinary table.",
            ));
        }
        let (rls, force) = ddl::row_security(partition)?;
        ddl::write_partition(partition, &name, &spec)?;
        partitions::remember_one(root, &name, rls, force)?;
    }
    Ok(())
}

/// What was a partition of a protected table goes on as a protected table of its own, own lists and all. PostgreSQL
/// has taken its row trigger away.
fn release(relation: pg_sys::Oid) -> Result<()> {
    let _owner = AsOwner::begin()?;
    if facts::protected_table(relation, &Snap::fresh())?.is_some() {
        return Ok(());
    }
    let name = name_of(relation)?;
    // Of which table it was a partition the catalogue does not say any more.
    let sql = "SELECT c.objid FROM pg_catalog.pg_event_trigger_ddl_commands() AS c JOIN docacl.protected_table AS p \
               ON p.relation = coalesce(pg_catalog.pg_partition_root(c.objid), c.objid) \
               WHERE c.classid = 'pg_catalog.pg_class'::pg_catalog.regclass";
    let Some(parent) = oids(sql, &[])?.first().copied() else { return Ok(()) };
    let root = tree::root_of(parent);
    let Some(protected) = facts::protected_table(root, &Snap::fresh())? else {
        return Ok(());
    };
    let text = serde_json::to_value(&protected.spec.0).map_err(|e| internal(e.to_string()))?;
    let spec = Spec::from_json(protected.spec)?;
    let table = Table { oid: relation, name, columns: Vec::new(), primary_key: Vec::new() };
    if protected.enforced {
        ddl::write(&table, &spec)?;
        partitions::write(&table, &spec)?;
    }
    partitions::split(root, &table, pgrx::JsonB(text))?;
    if !protected.enforced {
        super::enforce::only_registered(relation)?;
    }
    if let Some(own) = &spec.own_acl {
        let own = pgrx::spi::quote_identifier(own);
        let lists = {
            let _table_owner = AsTableOwner::begin(relation)?;
            let sql = format!(
                "SELECT pg_catalog.array_agg(pg_catalog.abs({own})) FROM {} WHERE {own} IS NOT NULL",
                table.name
            );
            Spi::get_one::<Vec<i64>>(&sql).map_err(spi)?
        };
        if let Some(lists) = lists {
            Spi::run_with_args(
                "UPDATE docacl.resource SET relation = $1 WHERE relation = $2 AND kind = 'document' AND id = ANY ($3)",
                &[relation.into(), root.into(), lists.into()],
            )
            .map_err(spi)?;
        }
    }
    Ok(())
}

fn oids(sql: &str, args: &[pgrx::datum::DatumWithOid<'_>]) -> Result<Vec<pg_sys::Oid>> {
    Spi::connect_mut(|client| {
        let mut out = Vec::new();
        for row in client.update(sql, None, args)? {
            out.extend(row.get::<pg_sys::Oid>(1)?);
        }
        Ok(out)
    })
    .map_err(spi)
}
