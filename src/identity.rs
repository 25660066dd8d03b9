//! Who is asking.
//!
//! In this order: the setting `docacl.principal`, which only superusers and the login functions write; else the
//! principal mapped to the database role (after SET ROLE, not inside SECURITY DEFINER); else nobody, who sees
//! nothing. The setting is PGC_SUSET: an ordinary user cannot SET it, RESET and DISCARD ALL bring back "nobody",
//! and parallel workers get it (PGC_INTERNAL would not be sent to them).

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::{self, Result};
use crate::facts;
use crate::scan::Snap;

static PRINCIPAL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static ACCOUNT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);
static NOBODY: GucSetting<Nobody> = GucSetting::<Nobody>::new(Nobody::Empty);

/// What a statement of nobody gets.
#[derive(Clone, Copy, PartialEq, Eq, Debug, PostgresGucEnum)]
pub enum Nobody {
    /// No rows.
    #[name = c"empty"]
    Empty,
    /// An error, 28000.
    #[name = c"error"]
    Error,
}

// Words instead of thread-locals: a backend has one thread, and what is read for every row must not cost the call by
// which a shared library finds its thread's variables.
static SETTING: AtomicI64 = AtomicI64::new(UNSET);
static EPOCH: AtomicU64 = AtomicU64::new(0);

/// No setting. The check of the setting refuses this id, so it never stands for a principal.
const UNSET: i64 = i64::MIN;

// GetOuterUserId reads a variable and raises nothing: asked for every row, it must not pay for pgrx's guard.
unsafe extern "C" {
    #[link_name = "GetOuterUserId"]
    fn outer_user_unguarded() -> pg_sys::Oid;
}

/// Who was asking when a statement began: what it continues with must be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    epoch: u64,
    /// The database role, where it says who is asking.
    role: Option<pg_sys::Oid>,
}

impl Seen {
    /// Who is asking now.
    #[inline]
    pub fn now() -> Seen {
        // SAFETY: see the declaration.
        let role = if SETTING.load(Relaxed) == UNSET { Some(unsafe { outer_user_unguarded() }) } else { None };
        Seen { epoch: EPOCH.load(Relaxed), role }
    }

    /// Whether it is the same still.
    #[inline]
    pub fn is_still(&self) -> bool {
        *self == Seen::now()
    }
}

/// Registers the settings. Called once, when the library is loaded.
pub fn register_settings() {
    // SAFETY: the hooks have the signatures that PostgreSQL expects, and touch no catalogue.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"docacl.principal",
            c"Id of the principal who is asking.",
            c"Written by the login functions only; empty means the principal mapped to the database role.",
            &PRINCIPAL,
            GucContext::Suset,
            GucFlags::default(),
            Some(check_principal),
            Some(assign_principal),
            None,
        );
    }
    GucRegistry::define_string_guc(
        c"docacl.account",
        c"Account in which names are looked up when the session has no user of its own.",
        c"Honoured for superusers, system and trusted database roles.",
        &ACCOUNT,
        GucContext::Userset,
        GucFlags::default(),
    );
    GucRegistry::define_int_guc(
        c"docacl.cache_size",
        c"Most memory that one backend spends on cached keys.",
        c"",
        &CACHE_SIZE,
        64,
        i32::MAX / 1024,
        GucContext::Suset,
        GucFlags::UNIT_KB,
    );
    GucRegistry::define_enum_guc(
        c"docacl.nobody",
        c"What a session without an identity gets from a protected table: no rows (empty) or an error.",
        c"",
        &NOBODY,
        GucContext::Userset,
        GucFlags::default(),
    );
    // SAFETY: reserves our prefix, so that no unknown docacl.* setting can be made.
    unsafe {
        pg_sys::MarkGUCPrefixReserved(c"docacl".as_ptr());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn check_principal(
    new: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL passes a pointer to the proposed value, which may be null.
    let text = unsafe { (*new).as_ref().map(|p| CStr::from_ptr(p)) };
    match text.map(CStr::to_str) {
        None => true,
        Some(Ok(text)) => text.is_empty() || text.parse::<i64>().is_ok_and(|id| id != UNSET),
        Some(Err(_)) => false,
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_principal(new: *const c_char, _extra: *mut c_void) {
    // SAFETY: the value that check_principal accepted, or null.
    let text = unsafe { new.as_ref().map(|p| CStr::from_ptr(p)) };
    let id = text.and_then(|t| t.to_str().ok()).and_then(|t| t.parse().ok()).unwrap_or(UNSET);
    SETTING.store(id, Relaxed);
    EPOCH.fetch_add(1, Relaxed);
    if id == facts::SYSTEM {
        // A plan made for a user may look for the rows of a list of references, and system sees more than any list.
        // SAFETY: marks cached plans; touches no catalogue and raises nothing.
        unsafe { pg_sys::ResetPlanCache() }
    }
}

/// The account named by `docacl.account`.
pub fn account_setting() -> Option<String> {
    ACCOUNT.get().and_then(|c| c.into_string().ok()).filter(|s| !s.is_empty())
}

/// The most bytes that cached keys may take.
pub fn cache_bytes() -> usize {
    (CACHE_SIZE.get().max(0) as usize).saturating_mul(1024)
}

/// The database role whose mapping counts: after SET ROLE, not inside SECURITY DEFINER.
pub fn outer_role() -> pg_sys::Oid {
    // SAFETY: a plain read of backend state.
    unsafe { pg_sys::GetOuterUserId() }
}

/// The principal of the setting, if it is set.
#[inline]
pub fn setting() -> Option<i64> {
    Some(SETTING.load(Relaxed)).filter(|id| *id != UNSET)
}

/// Who is asking: the id of a principal, or nobody.
pub fn session_principal(snap: &Snap) -> Result<Option<i64>> {
    match setting() {
        Some(id) => Ok(Some(id)),
        None => Ok(facts::db_role(outer_role(), snap)?.and_then(|r| r.principal)),
    }
}

/// Whether the database role may say who is asking.
pub fn is_trusted(snap: &Snap) -> Result<bool> {
    Ok(facts::db_role(outer_role(), snap)?.is_some_and(|r| r.principal.is_none()))
}

/// 28000 where nobody is asking and `docacl.nobody` wants an error.
pub fn refuse_nobody() -> Result<()> {
    match NOBODY.get() {
        Nobody::Empty => Ok(()),
        Nobody::Error => Err(error::login_refused(
            "nobody is logged in",
            "Log in with acl_set_user, or have the database role mapped with acl_map.",
        )),
    }
}

/// Writes the setting: for the transaction, or for the session.
pub fn set(principal: Option<i64>, local: bool) -> Result<()> {
    let value = CString::new(principal.map(|id| id.to_string()).unwrap_or_default())
        .map_err(|_| error::internal("an id with a zero byte"))?;
    let action = if local { pg_sys::GucAction::GUC_ACTION_LOCAL } else { pg_sys::GucAction::GUC_ACTION_SET };
    // SAFETY: passing PGC_SUSET ourselves is what makes the caller's check the gate.
    let done: c_int = unsafe {
        pg_sys::set_config_option(
            c"docacl.principal".as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        )
    };
    if done > 0 { Ok(()) } else { Err(error::internal("the setting docacl.principal could not be written")) }
}
