//! Acting as somebody else, for the few moments in which a function writes on behalf of somebody whose authority has
//! been checked: as the extension's owner on docacl's tables, as a table's owner on an application's.

use std::ffi::CStr;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::{Result, internal};

/// While it lives, the session is another user and search_path is pinned; both are put back when it is dropped, and
/// by PostgreSQL's own abort when an error passes through.
struct Acting {
    user: pg_sys::Oid,
    context: i32,
    guc_level: i32,
}

impl Acting {
    /// Becomes a user. SECURITY_LOCAL_USERID_CHANGE forbids SET ROLE meanwhile; `more` adds to it.
    fn begin(user: pg_sys::Oid, more: u32) -> Acting {
        // SAFETY: reads and sets backend state; search_path is set at a GUC nest level that drop closes.
        unsafe {
            let mut acting = Acting { user: pg_sys::Oid::INVALID, context: 0, guc_level: 0 };
            pg_sys::GetUserIdAndSecContext(&mut acting.user, &mut acting.context);
            acting.guc_level = pg_sys::NewGUCNestLevel();
            set(c"search_path", c"pg_catalog, pg_temp");
            let more = (pg_sys::SECURITY_LOCAL_USERID_CHANGE | more) as i32;
            pg_sys::SetUserIdAndSecContext(user, acting.context | more);
            acting
        }
    }
}

impl Drop for Acting {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // The (sub)transaction aborts and puts user and settings back.
        }
        // SAFETY: puts back what `begin` found.
        unsafe {
            pg_sys::AtEOXact_GUC(false, self.guc_level);
            pg_sys::SetUserIdAndSecContext(self.user, self.context);
        }
    }
}

/// While it lives, the session is the owner of the extension.
pub struct AsOwner(#[allow(dead_code, reason = "what it does is being dropped")] Acting);

impl AsOwner {
    /// Becomes the owner.
    pub fn begin() -> Result<AsOwner> {
        Ok(AsOwner(Acting::begin(owner()?, 0)))
    }
}

/// While it lives, the session is the owner of a table and not judged by its row security: what PostgreSQL does for
/// the actions of foreign keys. Whatever reads or writes an application's table runs so: planning may call functions
/// that its indexes name, and they must run neither as the extension's owner, who is a superuser, nor with the names
/// of whoever asks. The operation is restricted as in REINDEX.
pub struct AsTableOwner(#[allow(dead_code, reason = "what it does is being dropped")] Acting);

impl AsTableOwner {
    /// Becomes the owner of the table.
    pub fn begin(table: pg_sys::Oid) -> Result<AsTableOwner> {
        let owner = owner_of(table)?;
        refuse_temporary_tables(owner)?;
        let more = pg_sys::SECURITY_RESTRICTED_OPERATION | pg_sys::SECURITY_NOFORCE_RLS;
        Ok(AsTableOwner(Acting::begin(owner, more)))
    }

    /// The same, to look for a row that is hardly there: by an index, however many rows there once were of that value.
    pub fn begin_probing(table: pg_sys::Oid) -> Result<AsTableOwner> {
        let owner = AsTableOwner::begin(table)?;
        // SAFETY: at the nest level that `owner` closes.
        unsafe { set(c"enable_seqscan", c"off") };
        Ok(owner)
    }

    /// The same, to write: the application's triggers and rules do not fire, but those made ENABLE ALWAYS. Apart,
    /// because PostgreSQL forgets the session's plans at every change of session_replication_role.
    pub fn begin_writing(table: pg_sys::Oid) -> Result<AsTableOwner> {
        let owner = AsTableOwner::begin(table)?;
        // SAFETY: at the nest level that `owner` closes.
        unsafe { set(c"session_replication_role", c"replica") };
        Ok(owner)
    }
}

/// 55000 where the session has temporary tables, views or types (each has a type): no search_path keeps them from
/// being found by a function of the table's owner that names one without its schema, and it would run their rules,
/// triggers and checks as the owner.
fn refuse_temporary_tables(owner: pg_sys::Oid) -> Result<()> {
    let mut schema = pg_sys::Oid::INVALID;
    let mut toast = pg_sys::Oid::INVALID;
    // SAFETY: reads backend state. The outer user: inside AsOwner the current one is the extension's owner.
    let asker = unsafe {
        pg_sys::GetTempNamespaceState(&mut schema, &mut toast);
        pg_sys::GetOuterUserId()
    };
    // SAFETY: a plain question about a role.
    if schema == pg_sys::Oid::INVALID || asker == owner || unsafe { pg_sys::superuser_arg(asker) } {
        return Ok(());
    }
    let _owner = AsOwner::begin()?;
    let any = Spi::connect(|client| {
        let sql = "SELECT 1 FROM pg_catalog.pg_type WHERE typnamespace = $1 LIMIT 1";
        client.select(sql, Some(1), &[schema.into()]).map(|rows| !rows.is_empty())
    })
    .map_err(|e| internal(e.to_string()))?;
    if any {
        return Err(crate::error::wrong_state(
            "a session with temporary tables or types cannot do this on a table of another owner",
            "Drop them first, for instance with DISCARD TEMP, or use another session.",
        ));
    }
    Ok(())
}

/// Sets a setting at the current nest level, whoever the session is.
unsafe fn set(name: &CStr, value: &CStr) {
    // SAFETY: names and values that PostgreSQL knows.
    unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            pg_sys::GucAction::GUC_ACTION_SAVE,
            true,
            0,
            false,
        );
    }
}

/// The owner of the extension.
fn owner() -> Result<pg_sys::Oid> {
    owner_of(crate::scan::relation("principal")?)
}

fn owner_of(table: pg_sys::Oid) -> Result<pg_sys::Oid> {
    // SAFETY: a syscache look-up, released after use.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as i32, pg_sys::Datum::from(table));
        if tuple.is_null() {
            return Err(internal("no entry for a table"));
        }
        let class = pg_sys::GETSTRUCT(tuple) as *const pg_sys::FormData_pg_class;
        let owner = (*class).relowner;
        pg_sys::ReleaseSysCache(tuple);
        Ok(owner)
    }
}
