//! Who is asking.
//!
//! In this order: the setting `docacl.principal`, which only superusers and the login functions write; else the
//! principal mapped to the database role (after SET ROLE, not inside SECURITY DEFINER); else nobody, who sees
//! nothing. The setting is PGC_SUSET: an ordinary user cannot SET it, RESET and DISCARD ALL bring back "nobody",
//! and parallel workers get it (PGC_INTERNAL would not be sent to them).
//!
//! Every value is numbered when it is checked, and PostgreSQL hands the number back with the value when it puts an older
//! one back. So a refused login can end every identity that there was, those that a rollback would put back included:
//! see [`refuse`].

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, AtomicU64, Ordering::Relaxed};

use pgrx::guc::{GucContext, GucFlags, GucRegistry, GucSetting};
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::{self, Result};
use crate::facts;
use crate::scan::Snap;

static PRINCIPAL: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static ACCOUNT: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static CACHE_SIZE: GucSetting<i32> = GucSetting::<i32>::new(64 * 1024);
static FUNCTION: GucSetting<Option<CString>> = GucSetting::<Option<CString>>::new(None);
static REQUIRE_LOCAL: GucSetting<bool> = GucSetting::<bool>::new(false);
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
/// Who is asking by the setting, refused logins considered.
static SETTING: AtomicI64 = AtomicI64::new(UNSET);
static EPOCH: AtomicU64 = AtomicU64::new(0);
/// The setting as it is, its number, and how it came to be.
static WRITTEN: AtomicI64 = AtomicI64::new(UNSET);
static NUMBER: AtomicU64 = AtomicU64::new(0);
static HOW: AtomicU8 = AtomicU8::new(How::Setting as u8);
/// The last number given; values up to `VOID` are worth nothing.
static LAST: AtomicU64 = AtomicU64::new(0);
static VOID: AtomicU64 = AtomicU64::new(0);
/// How the next value comes to be.
static NEXT: AtomicU8 = AtomicU8::new(How::Setting as u8);
/// A login was refused in this transaction.
static REFUSED: AtomicBool = AtomicBool::new(false);
/// Whom a token or an API key made the session in this transaction.
static PINNED: AtomicI64 = AtomicI64::new(UNSET);
/// The function entered.
static ENTERED: AtomicI64 = AtomicI64::new(UNSET);

/// No setting. The check of the setting refuses this id, so it never stands for a principal.
const UNSET: i64 = i64::MIN;

/// Nobody, whatever the database role. No principal has this id.
const NOBODY_ID: i64 = 0;

/// How the principal of the setting came to be known.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum How {
    /// acl_set_user, or a superuser who wrote the setting.
    Setting,
    Token,
    ApiKey,
}

/// What goes with every value of the setting.
#[repr(C)]
struct Numbered {
    number: u64,
    how: u8,
}

// GetOuterUserId reads a variable and raises nothing: asked for every row, it must not pay for pgrx's guard.
unsafe extern "C" {
    #[link_name = "GetOuterUserId"]
    fn outer_user_unguarded() -> pg_sys::Oid;
}

/// Who was asking when a statement began: what it continues with must be the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seen {
    epoch: u64,
    /// The database role, where it says who is asking; else InvalidOid.
    role: pg_sys::Oid,
    /// Likewise the claims that a trusted server wrote.
    claims: u64,
}

impl Seen {
    /// Who is asking now.
    #[inline]
    pub fn now() -> Seen {
        let epoch = EPOCH.load(Relaxed);
        if SETTING.load(Relaxed) != UNSET {
            return Seen { epoch, role: pg_sys::InvalidOid, claims: 0 };
        }
        // SAFETY: see the declaration.
        let role = unsafe { outer_user_unguarded() };
        Seen { epoch, role, claims: crate::login::claims::fingerprint() }
    }

    /// Whether it is the same still. The setting is as it was while the epoch is, so it need not be read.
    #[inline]
    pub fn is_still(&self) -> bool {
        if self.epoch != EPOCH.load(Relaxed) {
            return false;
        }
        // SAFETY: see the declaration.
        let same_role = || self.role == unsafe { outer_user_unguarded() };
        self.role == pg_sys::InvalidOid || same_role() && self.claims == crate::login::claims::fingerprint()
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
    // SAFETY: the hooks have the signatures that PostgreSQL expects, and touch no catalogue.
    unsafe {
        GucRegistry::define_string_guc_with_hooks(
            c"docacl.function",
            c"Id of the function (screen) that was entered.",
            c"Written by acl_enter only; empty means none.",
            &FUNCTION,
            GucContext::Suset,
            GucFlags::default(),
            Some(check_function),
            Some(assign_function),
            None,
        );
    }
    GucRegistry::define_bool_guc(
        c"docacl.require_local",
        c"Whether logins that outlast their transaction are refused.",
        c"For pools that hand a connection to another client after every transaction.",
        &REQUIRE_LOCAL,
        GucContext::Suset,
        GucFlags::default(),
    );
    crate::login::settings::register();
    crate::handover::register();
    crate::login::cursors::watch();
    // SAFETY: reserves our prefix, so that no unknown docacl.* setting can be made; the callback touches only this
    // file's words.
    unsafe {
        pg_sys::MarkGUCPrefixReserved(c"docacl".as_ptr());
        pg_sys::RegisterXactCallback(Some(at_end), std::ptr::null_mut());
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn at_end(event: pg_sys::XactEvent::Type, _arg: *mut c_void) {
    use pg_sys::XactEvent as E;
    if matches!(event, E::XACT_EVENT_COMMIT | E::XACT_EVENT_ABORT | E::XACT_EVENT_PREPARE) {
        PINNED.store(UNSET, Relaxed);
        if REFUSED.swap(false, Relaxed) {
            decide();
        }
    }
}

/// Memory that PostgreSQL frees with a value of a setting.
unsafe fn beside_a_setting(size: usize) -> *mut c_void {
    #[cfg(feature = "pg15")]
    // SAFETY: 15 frees it by free().
    unsafe {
        unsafe extern "C" {
            fn malloc(size: usize) -> *mut c_void;
        }
        malloc(size)
    }
    #[cfg(not(feature = "pg15"))]
    // SAFETY: allocates, or answers null.
    unsafe {
        pg_sys::guc_malloc(pg_sys::LOG as i32, size)
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn check_principal(
    new: *mut *mut c_char,
    extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: PostgreSQL passes a pointer to the proposed value, which may be null, and to where what goes with it is
    // put.
    unsafe {
        if !is_id_or_empty(*new) {
            return false;
        }
        let numbered = beside_a_setting(size_of::<Numbered>()).cast::<Numbered>();
        if numbered.is_null() {
            return false;
        }
        let number = LAST.fetch_add(1, Relaxed) + 1;
        numbered.write(Numbered { number, how: NEXT.load(Relaxed) });
        *extra = numbered.cast();
        true
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn check_function(
    new: *mut *mut c_char,
    _extra: *mut *mut c_void,
    _source: pg_sys::GucSource::Type,
) -> bool {
    // SAFETY: as above.
    unsafe { is_id_or_empty(*new) }
}

unsafe fn is_id_or_empty(text: *mut c_char) -> bool {
    // SAFETY: null, or a text of PostgreSQL's.
    match unsafe { text.as_ref().map(|p| CStr::from_ptr(p)) }.map(CStr::to_str) {
        None => true,
        Some(Ok(text)) => text.is_empty() || text.parse::<i64>().is_ok_and(|id| id != UNSET),
        Some(Err(_)) => false,
    }
}

unsafe fn id_or_unset(text: *const c_char) -> i64 {
    // SAFETY: null, or a text that is_id_or_empty accepted.
    let text = unsafe { text.as_ref().map(|p| CStr::from_ptr(p)) };
    text.and_then(|t| t.to_str().ok()).and_then(|t| t.parse().ok()).unwrap_or(UNSET)
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_principal(new: *const c_char, extra: *mut c_void) {
    // SAFETY: the value that check_principal accepted with what it put beside it, or null.
    let (id, beside) = unsafe { (id_or_unset(new), extra.cast::<Numbered>().as_ref()) };
    WRITTEN.store(id, Relaxed);
    NUMBER.store(beside.map_or(0, |b| b.number), Relaxed);
    HOW.store(beside.map_or(0, |b| b.how), Relaxed);
    decide();
}

#[pg_guard]
unsafe extern "C-unwind" fn assign_function(new: *const c_char, _extra: *mut c_void) {
    // SAFETY: the value that check_function accepted, or null.
    ENTERED.store(unsafe { id_or_unset(new) }, Relaxed);
    EPOCH.fetch_add(1, Relaxed);
}

/// Something that says who is asking has changed.
pub fn changed() {
    EPOCH.fetch_add(1, Relaxed);
}

/// Who is asking by the setting, from what was written and what was refused.
fn decide() {
    let written = WRITTEN.load(Relaxed);
    let id = match written {
        UNSET if REFUSED.load(Relaxed) => NOBODY_ID,
        UNSET => UNSET,
        _ if NUMBER.load(Relaxed) <= VOID.load(Relaxed) => NOBODY_ID,
        id => id,
    };
    SETTING.store(id, Relaxed);
    EPOCH.fetch_add(1, Relaxed);
    if id == facts::SYSTEM {
        // A plan made for a user may look for the rows of a list of references, and system sees more than any list.
        // SAFETY: marks cached plans; touches no catalogue and raises nothing.
        unsafe { pg_sys::ResetPlanCache() }
    }
}

/// After a refused login the session is nobody: whoever it was is forgotten for good, whether the error is caught or
/// not, and the database role says nothing until the transaction ends. Raises nothing.
pub fn refuse() {
    VOID.store(LAST.load(Relaxed), Relaxed);
    REFUSED.store(true, Relaxed);
    decide();
    crate::login::workers::watch();
}

/// Writes down that the session is nobody where only this backend knows it: parallel workers are sent the setting.
pub fn tell_workers() -> Result<()> {
    if SETTING.load(Relaxed) != NOBODY_ID || WRITTEN.load(Relaxed) == NOBODY_ID {
        return Ok(());
    }
    write(c"docacl.principal", Some(NOBODY_ID), WRITTEN.load(Relaxed) == UNSET)
}

/// Who a token or an API key has made the session in this transaction.
pub fn pinned() -> Option<i64> {
    Some(PINNED.load(Relaxed)).filter(|id| *id != UNSET)
}

/// The session stays this principal, or nobody, until the transaction ends.
pub fn pin(principal: i64) {
    PINNED.store(principal, Relaxed);
}

/// How the principal of the setting came to be known.
pub fn how() -> How {
    match HOW.load(Relaxed) {
        h if h == How::Token as u8 => How::Token,
        h if h == How::ApiKey as u8 => How::ApiKey,
        _ => How::Setting,
    }
}

/// The function that was entered.
pub fn entered() -> Option<i64> {
    Some(ENTERED.load(Relaxed)).filter(|id| *id != UNSET)
}

/// Enters a function, or leaves it: for the transaction, or for the session.
pub fn enter(function: Option<i64>, local: bool) -> Result<()> {
    write(c"docacl.function", function, local)
}

/// 28000 where only logins of a transaction are allowed.
pub fn refuse_lasting(local: bool) -> Result<()> {
    if local || !REQUIRE_LOCAL.get() {
        return Ok(());
    }
    Err(error::login_refused(
        "logins that outlast their transaction are not allowed here",
        "Leave local => false away: docacl.require_local is on.",
    ))
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

/// The principal of the setting, if it is set; an id that nobody has where the session is nobody, whatever the role.
#[inline]
pub fn setting() -> Option<i64> {
    Some(SETTING.load(Relaxed)).filter(|id| *id != UNSET)
}

/// Who is asking by the setting: not said, nobody, or a principal.
#[inline]
pub fn said() -> Option<Option<i64>> {
    setting().map(|id| Some(id).filter(|id| *id != NOBODY_ID))
}

/// Who is asking: the id of a principal, or nobody.
pub fn session_principal(snap: &Snap) -> Result<Option<i64>> {
    if let Some(said) = said() {
        return Ok(said);
    }
    if let Some(claimed) = crate::login::claims::principal(snap)? {
        return Ok(claimed);
    }
    Ok(facts::db_role(outer_role(), snap)?.and_then(|r| r.principal))
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
pub fn set(principal: Option<i64>, local: bool, how: How) -> Result<()> {
    NEXT.store(how as u8, Relaxed);
    let done = write(c"docacl.principal", principal, local);
    NEXT.store(How::Setting as u8, Relaxed);
    done
}

fn write(name: &CStr, id: Option<i64>, local: bool) -> Result<()> {
    write_text(name, &id.map(|id| id.to_string()).unwrap_or_default(), local)
}

/// Writes a setting of ours that users may not write: whoever calls this has to know that it may be written.
pub fn write_text(name: &CStr, value: &str, local: bool) -> Result<()> {
    let value = CString::new(value).map_err(|_| error::internal("a setting with a zero byte"))?;
    let action = if local { pg_sys::GucAction::GUC_ACTION_LOCAL } else { pg_sys::GucAction::GUC_ACTION_SET };
    // SAFETY: passing PGC_SUSET ourselves is what makes the caller's check the gate.
    let done: c_int = unsafe {
        pg_sys::set_config_option(
            name.as_ptr(),
            value.as_ptr(),
            pg_sys::GucContext::PGC_SUSET,
            pg_sys::GucSource::PGC_S_SESSION,
            action,
            true,
            0,
            false,
        )
    };
    if done > 0 { Ok(()) } else { Err(error::internal("a setting of docacl could not be written")) }
}
