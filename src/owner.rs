//! Acting as somebody else, for the few moments in which a function writes on behalf of somebody whose authority
//! has been checked: as the extension's owner on docacl's tables, as a table's owner on an application's.

use pgrx::pg_sys;

use crate::error::{Result, internal};

/// While it lives, the session is the owner of the extension and search_path is pinned, or the owner of a table;
/// all is put back when it is dropped, and by PostgreSQL's own abort when an error passes through.
pub struct AsOwner {
    user: pg_sys::Oid,
    context: i32,
    /// None where search_path was left as it is.
    guc_level: Option<i32>,
}

impl AsOwner {
    /// Becomes the owner. SECURITY_LOCAL_USERID_CHANGE forbids SET ROLE meanwhile.
    pub fn begin() -> Result<AsOwner> {
        AsOwner::become_user(owner_of(crate::scan::relation("principal")?)?, 0, true)
    }

    /// Becomes the owner of an application's table, past its FORCE ROW LEVEL SECURITY: how foreign keys act. The
    /// table's triggers then run as its owner and never as ours, which is a superuser. search_path stays, because
    /// those triggers may need it: the statement itself must qualify everything, operators included.
    pub fn of_table(relation: pg_sys::Oid) -> Result<AsOwner> {
        AsOwner::become_user(owner_of(relation)?, pg_sys::SECURITY_NOFORCE_RLS as i32, false)
    }

    fn become_user(owner: pg_sys::Oid, more: i32, pin: bool) -> Result<AsOwner> {
        // SAFETY: reads and sets backend state; search_path is set at a GUC nest level that drop closes.
        unsafe {
            let mut user = pg_sys::Oid::INVALID;
            let mut context = 0;
            pg_sys::GetUserIdAndSecContext(&mut user, &mut context);
            pg_sys::SetUserIdAndSecContext(owner, context | pg_sys::SECURITY_LOCAL_USERID_CHANGE as i32 | more);
            let guc_level = pin.then(|| pg_sys::NewGUCNestLevel());
            if pin {
                pg_sys::set_config_option(
                    c"search_path".as_ptr(),
                    c"pg_catalog, pg_temp".as_ptr(),
                    pg_sys::GucContext::PGC_USERSET,
                    pg_sys::GucSource::PGC_S_SESSION,
                    pg_sys::GucAction::GUC_ACTION_SAVE,
                    true,
                    0,
                    false,
                );
            }
            Ok(AsOwner { user, context, guc_level })
        }
    }
}

impl Drop for AsOwner {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // The (sub)transaction aborts and puts user and settings back.
        }
        // SAFETY: puts back what `begin` found.
        unsafe {
            if let Some(level) = self.guc_level {
                pg_sys::AtEOXact_GUC(false, level);
            }
            pg_sys::SetUserIdAndSecContext(self.user, self.context);
        }
    }
}

/// The owner of a relation.
fn owner_of(relation: pg_sys::Oid) -> Result<pg_sys::Oid> {
    // SAFETY: a syscache look-up, released after use.
    unsafe {
        let tuple = pg_sys::SearchSysCache1(pg_sys::SysCacheIdentifier::RELOID as i32, pg_sys::Datum::from(relation));
        if tuple.is_null() {
            return Err(internal("a relation without an entry in pg_class"));
        }
        let class = pg_sys::GETSTRUCT(tuple) as *const pg_sys::FormData_pg_class;
        let owner = (*class).relowner;
        pg_sys::ReleaseSysCache(tuple);
        Ok(owner)
    }
}
