//! Who is asking for something to be administered, and in which account.
//!
//! Nothing here decides: what the asker may do is in [`super::authority`].

use pgrx::pg_sys;

use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind, SYSTEM};
use crate::identity;
pub use crate::ring::now;
use crate::scan::Snap;

/// The session that asks, as it is when the function begins.
pub struct Asker {
    /// The session's principal, whatever its state.
    pub principal: Option<Principal>,
    /// The current database user is a superuser.
    pub superuser: bool,
    /// What the function sees: everything committed before its statement, and what its transaction did.
    pub snap: Snap,
    account: std::result::Result<i64, String>,
}

/// The account of a fresh database: a single-tenant user never meets another.
pub const MAIN: &str = "main";

impl Asker {
    /// Who is asking now. Taken before [`crate::owner::AsOwner`], which would make everybody the owner.
    pub fn now() -> Result<Asker> {
        Asker::under(Snap::fresh())
    }

    /// As [`Asker::now`] under a snapshot of the caller's: what only looks takes the statement's.
    pub fn under(snap: Snap) -> Result<Asker> {
        // SAFETY: a plain question about the current user.
        let superuser = unsafe { pg_sys::superuser() };
        let principal = match identity::session_principal(&snap)? {
            Some(id) => facts::principal(id, &snap)?,
            None => None,
        };
        let above = superuser || principal.as_ref().is_some_and(|p| p.kind == PrincipalKind::System);
        let account = match principal.as_ref().and_then(|p| p.account) {
            Some(account) => Ok(account),
            None => named_account(above, &snap)?,
        };
        Ok(Asker { principal, superuser, snap, account })
    }

    /// As [`Asker::now`], refused where nobody asks: the same answer whatever was asked for.
    pub fn somebody() -> Result<Asker> {
        let asker = Asker::now()?;
        if asker.is_above() {
            return Ok(asker);
        }
        match &asker.principal {
            Some(p) if is_active(p) && !p.read_only => Ok(asker),
            Some(p) if is_active(p) => Err(error::denied(
                "a read-only user administers nothing",
                "Ask an administrator to do it, or to make the user an ordinary one with acl_alter_user.",
            )),
            _ => Err(error::denied(
                "nobody who may administer is logged in",
                "Log in with acl_set_user, or have the database role mapped with acl_map.",
            )),
        }
    }

    /// Superusers and `system`: they may do anything, in every account.
    pub fn is_above(&self) -> bool {
        self.superuser || self.principal.as_ref().is_some_and(|p| p.kind == PrincipalKind::System)
    }

    /// The account in which names are looked up.
    pub fn account(&self) -> Result<i64> {
        match &self.account {
            Ok(account) => Ok(*account),
            Err(name) => Err(unknown_account(name)),
        }
    }

    /// Under which id what is done is recorded.
    pub fn id(&self) -> i64 {
        self.principal.as_ref().map_or(SYSTEM, |p| p.id)
    }

    /// The principal to whom a creator's grants go: a user or an API key that needs them.
    pub fn creator(&self) -> Option<&Principal> {
        if self.is_above() { None } else { self.principal.as_ref() }
    }
}

/// The account of a session without a user of its own; or the name, where there is no such account, which not
/// every function minds.
pub fn named_account(above: bool, snap: &Snap) -> Result<std::result::Result<i64, String>> {
    let name = match identity::account_setting() {
        Some(name) if above || identity::is_trusted(snap)? => name,
        _ => MAIN.to_owned(),
    };
    Ok(match facts::account_named(&name, snap)? {
        Some(account) => Ok(account.id),
        None => Err(name),
    })
}

/// Enabled and not expired.
pub fn is_active(principal: &Principal) -> bool {
    principal.enabled && principal.valid_until.is_none_or(|until| until > now())
}

/// 42704: the setting docacl.account names none.
pub fn unknown_account(name: &str) -> pgrx::pg_sys::panic::ErrorReport {
    error::unknown_hint("account", name, "Set docacl.account to the name of an account.")
}
