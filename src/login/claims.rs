//! Claims that a server in front of the database has verified: PostgREST writes them into `request.jwt.claims`.
//!
//! Believed only where a superuser has switched docacl.trust_request_claims on, and only in sessions that logged in
//! as a trusted database role (acl_trust), whatever role they took afterwards. The setting itself may be written by
//! anybody who can run SQL in such a session: that nobody can is what is trusted.

use std::ffi::CStr;
use std::hash::{BuildHasher, RandomState};

use pgrx::pg_sys;
use serde_json::{Map, Value};

use super::settings;
use crate::error::Result;
use crate::facts;
use crate::scan::Snap;

/// Who is asking by the claims: not said, nobody, or a principal.
pub fn principal(snap: &Snap) -> Result<Option<Option<i64>>> {
    if !settings::claims_are_trusted() {
        return Ok(None);
    }
    let Some(text) = written() else { return Ok(None) };
    // SAFETY: a plain read of backend state.
    let role = unsafe { pg_sys::GetSessionUserId() };
    if facts::db_role(role, snap)?.is_none_or(|r| r.principal.is_some()) {
        return Ok(None);
    }
    let Ok(claims) = serde_json::from_str::<Map<String, Value>>(&text) else { return Ok(Some(None)) };
    let Some(claimed) = claims.get(&settings::claim()) else {
        // A request without a token: what the database role is.
        return Ok(None);
    };
    let Some(name) = claimed.as_str() else { return Ok(Some(None)) };
    let account = match claims.get(&settings::account_claim()) {
        None => None,
        Some(Value::String(account)) => Some(account.as_str()),
        Some(_) => return Ok(Some(None)),
    };
    let found = super::named(name, account, snap)?;
    Ok(Some(found.filter(super::is_welcome).map(|p| p.id)))
}

/// Differs where the claims differ; 0 where nobody believes them. No hook tells when a setting that is none of ours
/// changes, so whoever relies on an identity compares.
#[inline]
pub fn fingerprint() -> u64 {
    if settings::claims_are_trusted() { fingerprint_of_claims() } else { 0 }
}

#[cold]
fn fingerprint_of_claims() -> u64 {
    thread_local! {
        static STATE: RandomState = RandomState::new();
    }
    STATE.with(|state| state.hash_one(written()))
}

/// The text of the setting, if there is any.
fn written() -> Option<String> {
    // SAFETY: the current value of a setting that may not exist; copied at once.
    unsafe {
        let value = pg_sys::GetConfigOption(c"request.jwt.claims".as_ptr(), true, false);
        let text = value.as_ref().map(|p| CStr::from_ptr(p))?.to_str().ok()?;
        if text.is_empty() { None } else { Some(text.to_owned()) }
    }
}
