//! Logging in: a token or an API key says who is asking, the identity lasts for the transaction or the session, and
//! nothing but a better one follows it.
//!
//! | module | concern |
//! |---|---|
//! | [`token`], [`keys`], [`crypto`] | signed tokens, the keys that they are verified with, the cryptography |
//! | [`api_key`] | API keys of an environment |
//! | [`claims`] | claims that a trusted server has verified already |
//! | [`enter`] | which function (screen) is in use |
//! | [`cursors`] | cursors of another identity, which stand in the way of a login |
//! | [`settings`], [`workers`] | the settings of tokens, and what parallel workers must know |
//!
//! A refused login says nothing of what was wrong, and leaves the session nobody: also where the error is caught, and
//! whoever it was before. So a client that goes on after it goes on as nobody, and not as the last one who used
//! the connection.

pub mod api_key;
pub mod claims;
pub mod crypto;
pub mod cursors;
pub mod enter;
mod keys;
pub mod settings;
mod token;
pub mod workers;

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::admin::asker;
use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind};
use crate::identity::{self, How};
use crate::scan::Snap;

/// Longer than this is no token.
const LONGEST: usize = 8 * 1024;

/// Why a login was refused, for the server's log alone.
pub type Reason = &'static str;

/// What came of looking at a token or a key: who it is, or why it is nobody.
pub type Verified<T> = std::result::Result<T, Reason>;

/// The session becomes nobody unless the login comes to its end, by whatever way it is left.
struct OrNobody {
    succeeded: bool,
}

impl Drop for OrNobody {
    fn drop(&mut self) {
        if !self.succeeded {
            identity::refuse();
        }
    }
}

/// Says who is asking, by a signed token or an API key. Local means for the transaction.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_login(token: Option<&str>, local: default!(Option<bool>, "true")) -> Result<()> {
    let mut or_nobody = OrNobody { succeeded: false };
    log_in(token, local)?;
    or_nobody.succeeded = true;
    Ok(())
}

fn log_in(token: Option<&str>, local: Option<bool>) -> Result<()> {
    let local = local.ok_or_else(|| error::null("local"))?;
    let token = token.ok_or_else(|| error::null("token"))?;
    if token.len() > LONGEST {
        return Err(error::bad("the token is too long", "Tokens have at most 8 kB."));
    }
    require_block("acl_login", local)?;
    identity::refuse_lasting(local)?;
    let snap = Snap::fresh();
    let (verified, how) = if api_key::is_one(token) {
        (api_key::verify(token, &snap)?, How::ApiKey)
    } else {
        (token::verify(token, &snap)?, How::Token)
    };
    let id = verified.map_err(refused)?;
    refuse_another(id)?;
    cursors::refuse_of_others(id)?;
    if how == How::ApiKey {
        api_key::used(id)?;
    }
    identity::set(Some(id), local, how)?;
    identity::pin(id);
    crate::ask::session::warn_exempt();
    Ok(())
}

/// The session is nobody again, or what its database role is mapped to, has entered no function, and has no cursors WITH
/// HOLD any more.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_logout() -> Result<()> {
    cursors::close_held()?;
    identity::set(None, false, How::Setting)?;
    identity::enter(None, false)
}

/// 25P01 where something is to last for a transaction, and there is none.
pub fn require_block(function: &str, local: bool) -> Result<()> {
    // SAFETY: a plain question about the session.
    if !local || unsafe { pg_sys::IsTransactionBlock() } {
        return Ok(());
    }
    Err(error::no_transaction(
        format!("{function} is local to a transaction, and there is none"),
        "Begin a transaction first, or pass local => false for the whole session.",
    ))
}

/// 28000 where a token or an API key has made the session another in this transaction.
pub fn refuse_another(id: i64) -> Result<()> {
    if identity::pinned().is_none_or(|pinned| pinned == id) {
        return Ok(());
    }
    Err(error::login_refused(
        "another login was made in this transaction",
        "An identity that a token or an API key gave lasts until the transaction ends; log in again after it.",
    ))
}

/// Whether a principal may log in at all: an enabled user or API key.
pub fn is_welcome(principal: &Principal) -> bool {
    matches!(principal.kind, PrincipalKind::User | PrincipalKind::ApiKey) && asker::is_active(principal)
}

/// 28000: one message for everything that may be wrong, whose reason only the server's log tells.
fn refused(reason: Reason) -> ErrorReport {
    pgrx::ereport!(
        PgLogLevel::LOG_SERVER_ONLY,
        PgSqlErrorCode::ERRCODE_INVALID_AUTHORIZATION_SPECIFICATION,
        format!("docacl refused a login: {reason}")
    );
    error::login_refused(
        "login refused",
        "The token or key is malformed, unknown, expired, revoked or meant for another place, or its principal is unknown or disabled. The server's log has the reason.",
    )
}

/// The principal that a claim names: in the account named beside it, else in the session's as acl_set_user has it.
fn named(name: &str, account: Option<&str>, snap: &Snap) -> Result<Option<Principal>> {
    let of = match account {
        Some(account) => facts::account_named(account, snap)?,
        None => facts::account_named(&usual_account(snap)?, snap)?,
    };
    let Some(of) = of else { return Ok(None) };
    if let Some(found) = crate::lookup::principal_in(of.id, name, snap)? {
        return Ok(Some(found));
    }
    if account.is_some() {
        return Ok(None);
    }
    match facts::principal_with_email(name, snap)? {
        Some(found) => Ok(Some(found)),
        None => facts::principal_with_key(name, snap),
    }
}

/// The account in which a token without an account names somebody: the setting is honoured where acl_set_user is.
fn usual_account(snap: &Snap) -> Result<String> {
    match identity::account_setting() {
        // SAFETY: a plain question about the session.
        Some(name) if unsafe { pg_sys::superuser() } || identity::is_trusted(snap)? => Ok(name),
        _ => Ok(asker::MAIN.to_owned()),
    }
}
