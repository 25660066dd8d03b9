//! The event trigger that follows the columns of protected tables when they are renamed: policies follow by
//! themselves, the spec in docacl.protected_table and the trigger's argument name columns by name.

use std::ffi::{CStr, c_char};

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::catalog::spi;
use super::functions::describe;
use super::{Spec, ddl, partitions};
use crate::error::{Result, internal};
use crate::facts;
use crate::owner::AsOwner;
use crate::scan::Snap;

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_column_renamed() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The event trigger.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_column_renamed(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: called by PostgreSQL; whether as an event trigger is checked first.
    let names = unsafe { names(fcinfo) };
    match names.and_then(|names| names.map_or(Ok(()), |(old, new)| follow(&old, &new))) {
        Ok(()) => pg_sys::Datum::null(),
        Err(e) => crate::check::raise(e),
    }
}

/// The old and the new name, where the command renames a column of a table.
unsafe fn names(fcinfo: pg_sys::FunctionCallInfo) -> Result<Option<(String, String)>> {
    // SAFETY: the context of an event trigger's call is its EventTriggerData, which lives as long as the call; a node
    // is cast to what its tag says that it is.
    unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return Err(internal("docacl.column_renamed was not called by an event trigger"));
        }
        let tree = (*(context as *const pg_sys::EventTriggerData)).parsetree;
        if tree.is_null() || (*tree).type_ != pg_sys::NodeTag::T_RenameStmt {
            return Ok(None);
        }
        let rename = &*(tree as *const pg_sys::RenameStmt);
        if rename.renameType != pg_sys::ObjectType::OBJECT_COLUMN {
            return Ok(None);
        }
        Ok(Some((name(rename.subname)?, name(rename.newname)?)))
    }
}

unsafe fn name(text: *const c_char) -> Result<String> {
    if text.is_null() {
        return Err(internal("a column was renamed without a name"));
    }
    // SAFETY: a C string of the parse tree.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(str::to_owned).map_err(|_| internal("a column name that is not UTF-8"))
}

/// Rewrites what names the column.
fn follow(old: &str, new: &str) -> Result<()> {
    let _owner = AsOwner::begin()?;
    let relation = Spi::get_one::<pg_sys::Oid>(
        "SELECT max(objid) FROM pg_catalog.pg_event_trigger_ddl_commands() \
         WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass",
    )
    .map_err(spi)?;
    let Some(relation) = relation else {
        return Ok(());
    };
    let Some(found) = facts::protected_table(relation, &Snap::fresh())? else {
        return Ok(());
    };
    let before = Spec::from_json(found.spec)?;
    let mut spec = before.clone();
    rename(&mut spec, old, new);
    if spec == before {
        return Ok(());
    }
    let table = describe(relation)?;
    ddl::write(&table, &spec)?;
    partitions::write(&table, &spec)?;
    let json = pgrx::JsonB(serde_json::to_value(&spec).map_err(|e| internal(e.to_string()))?);
    Spi::run_with_args(
        "UPDATE docacl.protected_table SET spec = $2 WHERE relation = $1",
        &[relation.into(), json.into()],
    )
    .map_err(spi)
}

fn rename(spec: &mut Spec, old: &str, new: &str) {
    let names = [&mut spec.own_acl, &mut spec.immutable, &mut spec.deleted].into_iter().flatten();
    let people = [&mut spec.owner, &mut spec.requester, &mut spec.deleted_by].into_iter().flatten();
    let references = spec.gates.iter_mut().flat_map(|g| g.refs.iter_mut());
    for column in names.chain(people.map(|p| &mut p.column)).chain(references.map(|r| &mut r.column)) {
        if column == old {
            *column = new.to_owned();
        }
    }
    if let Some(key) = &mut spec.key {
        key.rename(old, new);
    }
    if let Some(parent) = &mut spec.parent {
        parent.column.rename(old, new);
    }
    if let Some(action) = spec.columns.remove(old) {
        spec.columns.insert(new.to_owned(), action);
    }
}
