//! The event trigger that follows renamed columns of protected tables, and renamed tables whose rows decide another's:
//! policies follow by themselves, the spec in docacl.protected_table and the trigger's argument go by names. Columns of
//! mirrors and rules that are given another type, dropped or added again it follows too: their values may be others, and
//! no trigger of theirs fired.

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
    let renamed = unsafe { renamed(fcinfo) };
    match renamed.and_then(|renamed| match renamed {
        Some(Renamed::Column(old, new)) => follow(&old, &new),
        Some(Renamed::Table(old)) => follow_parent(&old),
        Some(Renamed::Types(columns)) => follow_types(&columns),
        None => Ok(()),
    }) {
        Ok(()) => pg_sys::Datum::null(),
        Err(e) => crate::check::raise(e),
    }
}

/// What was renamed.
enum Renamed {
    /// A column: its old and its new name.
    Column(String, String),
    /// A table: its old name.
    Table(String),
    /// Nothing: these columns were given another type, or other values of the same, dropped or added.
    Types(Vec<String>),
}

/// What the command renames, where it is a table or a column of one.
unsafe fn renamed(fcinfo: pg_sys::FunctionCallInfo) -> Result<Option<Renamed>> {
    // SAFETY: the context of an event trigger's call is its EventTriggerData, which lives as long as the call; a node
    // is cast to what its tag says that it is.
    unsafe {
        let context = (*fcinfo).context;
        if context.is_null() || (*context).type_ != pg_sys::NodeTag::T_EventTriggerData {
            return Err(internal("docacl.column_renamed was not called by an event trigger"));
        }
        let tree = (*(context as *const pg_sys::EventTriggerData)).parsetree;
        if tree.is_null() {
            return Ok(None);
        }
        if (*tree).type_ == pg_sys::NodeTag::T_AlterTableStmt {
            return types((*(tree as *const pg_sys::AlterTableStmt)).cmds);
        }
        if (*tree).type_ != pg_sys::NodeTag::T_RenameStmt {
            return Ok(None);
        }
        let rename = &*(tree as *const pg_sys::RenameStmt);
        Ok(match rename.renameType {
            pg_sys::ObjectType::OBJECT_COLUMN => Some(Renamed::Column(name(rename.subname)?, name(rename.newname)?)),
            pg_sys::ObjectType::OBJECT_TABLE if !rename.relation.is_null() => {
                Some(Renamed::Table(name((*rename.relation).relname)?))
            }
            _ => None,
        })
    }
}

/// The columns that these commands give other values, or none.
unsafe fn types(commands: *mut pg_sys::List) -> Result<Option<Renamed>> {
    let mut columns = Vec::new();
    // SAFETY: a list of nodes of the parse tree, as long as it says; a node is cast to what its tag says that it is.
    unsafe {
        if commands.is_null() {
            return Ok(None);
        }
        for cell in std::slice::from_raw_parts((*commands).elements, (*commands).length as usize) {
            let node = cell.ptr_value as *const pg_sys::Node;
            if (*node).type_ != pg_sys::NodeTag::T_AlterTableCmd {
                continue;
            }
            let command = &*(node as *const pg_sys::AlterTableCmd);
            use pg_sys::AlterTableType as Type;
            match command.subtype {
                Type::AT_AlterColumnType | Type::AT_DropColumn => columns.push(name(command.name)?),
                Type::AT_AddColumn if !command.def.is_null() => {
                    columns.push(name((*(command.def as *const pg_sys::ColumnDef)).colname)?)
                }
                // Since PostgreSQL 17.
                #[cfg(any(feature = "pg17", feature = "pg18"))]
                Type::AT_SetExpression => columns.push(name(command.name)?),
                _ => {}
            }
        }
    }
    Ok(if columns.is_empty() { None } else { Some(Renamed::Types(columns)) })
}

unsafe fn name(text: *const c_char) -> Result<String> {
    if text.is_null() {
        return Err(internal("something was renamed without a name"));
    }
    // SAFETY: a C string of the parse tree.
    let text = unsafe { CStr::from_ptr(text) };
    text.to_str().map(str::to_owned).map_err(|_| internal("a name that is not UTF-8"))
}

/// The table that the command was about.
fn table_of_command() -> Result<Option<pg_sys::Oid>> {
    Spi::get_one::<pg_sys::Oid>(
        "SELECT max(objid) FROM pg_catalog.pg_event_trigger_ddl_commands() \
         WHERE classid = 'pg_catalog.pg_class'::pg_catalog.regclass",
    )
    .map_err(spi)
}

/// Rewrites what names the table as a parent.
fn follow_parent(old: &str) -> Result<()> {
    let _owner = AsOwner::begin()?;
    let Some(relation) = table_of_command()? else {
        return Ok(());
    };
    let (schema, new) = super::parent::schema_and_name(relation)?;
    for child in facts::protected_tables(&Snap::fresh())? {
        let mut spec = Spec::from_json(child.spec)?;
        if let Some(parent) = &mut spec.parent
            && parent.schema == schema
            && parent.relation == old
        {
            parent.relation = new.clone();
            write(child.relation, child.enforced, &spec)?;
        }
    }
    Ok(())
}

/// Reads what mirrors and rules read in these columns anew.
fn follow_types(columns: &[String]) -> Result<()> {
    let _owner = AsOwner::begin()?;
    match table_of_command()? {
        Some(relation) => {
            crate::mirror::follow_types(relation, columns)?;
            crate::rules::follow_types(relation, columns)
        }
        None => Ok(()),
    }
}

/// Rewrites what names the column.
fn follow(old: &str, new: &str) -> Result<()> {
    let _owner = AsOwner::begin()?;
    let Some(relation) = table_of_command()? else {
        return Ok(());
    };
    crate::rules::follow_renamed(relation, old, new)?;
    let Some(found) = facts::protected_table(relation, &Snap::fresh())? else {
        return Ok(());
    };
    let before = Spec::from_json(found.spec)?;
    let mut spec = before.clone();
    rename(&mut spec, old, new);
    if spec == before {
        return Ok(());
    }
    write(relation, found.enforced, &spec)
}

/// Writes how a table is protected anew.
fn write(relation: pg_sys::Oid, enforced: bool, spec: &Spec) -> Result<()> {
    if enforced {
        let table = describe(relation)?;
        ddl::write(&table, spec)?;
        partitions::write(&table, spec)?;
    } else {
        super::enforce::changed(relation);
    }
    let json = pgrx::JsonB(serde_json::to_value(spec).map_err(|e| internal(e.to_string()))?);
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
