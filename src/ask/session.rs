//! Who the database thinks is asking, and saying who it is.

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::admin::asker::{self, MAIN};
use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind};
use crate::identity::How;
use crate::login::{self, claims};
use crate::scan::Snap;
use crate::{freshness, identity, lookup};

/// The id of the principal who is asking; null: nobody.
#[pg_extern(stable, parallel_safe)]
fn acl_user_id() -> Result<Option<i64>> {
    let snap = Snap::statement();
    match freshness::session_principal(&snap)? {
        Some(id) => Ok(facts::principal(id, &snap)?.map(|p| p.id)),
        None => Ok(None),
    }
}

/// The name of the principal who is asking; null: nobody.
#[pg_extern(stable, parallel_safe)]
fn acl_user() -> Result<Option<String>> {
    let snap = Snap::statement();
    match freshness::session_principal(&snap)? {
        Some(id) => Ok(facts::principal(id, &snap)?.map(|p| p.name)),
        None => Ok(None),
    }
}

/// Who is asking and how the database knows, and whether PostgreSQL judges this session at all.
#[pg_extern(stable, parallel_restricted)]
#[allow(clippy::type_complexity, reason = "a row of SQL")]
fn acl_session() -> Result<
    TableIterator<
        'static,
        (
            name!(principal, Option<String>),
            name!(principal_id, Option<i64>),
            name!(account, Option<String>),
            name!(identified, String),
            name!(function, Option<String>),
            name!(read_only, Option<bool>),
            name!(exempt, Option<String>),
        ),
    >,
> {
    let snap = Snap::statement();
    let principal = match freshness::session_principal(&snap)? {
        Some(id) => facts::principal(id, &snap)?,
        None => None,
    };
    let account = match principal.as_ref().and_then(|p| p.account) {
        Some(account) => facts::resource(account, &snap)?.map(|r| r.name),
        None => None,
    };
    let identified = match (&principal, identity::setting()) {
        (None, _) => "nobody",
        (Some(_), Some(_)) => match identity::how() {
            How::Token => "token",
            How::ApiKey => "API key",
            How::Setting => "setting",
        },
        (Some(_), None) if claims::principal(&snap)?.is_some() => "request claims",
        (Some(_), None) => "database role",
    };
    let function = match identity::entered() {
        Some(id) => facts::resource(id, &snap)?.filter(|r| r.kind == "function"),
        None => None,
    };
    Ok(TableIterator::once((
        principal.as_ref().map(|p| p.name.clone()),
        principal.as_ref().map(|p| p.id),
        account,
        identified.to_owned(),
        function.map(|f| f.name),
        principal.as_ref().map(|p| p.read_only),
        exemption().map(str::to_owned),
    )))
}

/// Why PostgreSQL does not judge this session; none: it does.
fn exemption() -> Option<&'static str> {
    // SAFETY: plain questions about the session.
    unsafe {
        if pg_sys::superuser() {
            Some("superuser")
        } else if pg_sys::has_bypassrls_privilege(pg_sys::GetUserId()) {
            Some("BYPASSRLS")
        } else {
            None
        }
    }
}

/// Says who is asking: for superusers and trusted database roles. Local means for the transaction.
#[pg_extern(volatile, parallel_unsafe)]
fn acl_set_user(
    principal: Option<&str>,
    account: default!(Option<&str>, "NULL"),
    local: default!(Option<bool>, "true"),
) -> Result<()> {
    let local = local.ok_or_else(|| error::null("local"))?;
    let snap = Snap::fresh();
    // SAFETY: a plain question about the session.
    let superuser = unsafe { pg_sys::superuser() };
    if !superuser && !freshness::is_trusted(&snap)? {
        return Err(error::denied(
            "permission denied to say who is asking",
            "Only superusers and database roles trusted with acl_trust call acl_set_user.",
        ));
    }
    let principal = principal.ok_or_else(|| error::null("principal"))?;
    login::require_block("acl_set_user", local)?;
    identity::refuse_lasting(local)?;
    let name = (account.map(str::to_owned), identity::account_setting(), principal.to_owned());
    let who = freshness::named(name, &snap, |(account, setting, text)| {
        find(text, account.as_deref(), setting.as_deref(), &snap)
    })?
    .ok_or_else(|| error::unknown("principal", principal))?;
    match who.kind {
        PrincipalKind::System if !superuser => {
            return Err(error::denied("only a superuser makes a session system", "Name a user."));
        }
        PrincipalKind::Role => {
            return Err(error::wrong_object(
                format!("\"{principal}\" is a role"),
                "Name a user: a role is what users are members of.",
            ));
        }
        _ => {}
    }
    if who.kind != PrincipalKind::System && !asker::is_active(&who) {
        return Err(error::login_refused("the principal is disabled or expired", "Enable it with acl_alter_user."));
    }
    login::refuse_another(who.id)?;
    login::cursors::refuse_held(who.id)?;
    identity::set(Some(who.id), local, How::Setting)?;
    warn_exempt();
    Ok(())
}

/// Tells a session that is not judged so: who logs in there may believe that he sees what he may see.
pub fn warn_exempt() {
    if exemption().is_some() {
        pgrx::warning!("row security does not apply to this session: nothing is filtered");
    }
}

/// The principal meant: by name in the account, or by e-mail or key, which are unique over the installation.
fn find(text: &str, account: Option<&str>, setting: Option<&str>, snap: &Snap) -> Result<Option<Principal>> {
    if text == "system" {
        return facts::principal(facts::SYSTEM, snap);
    }
    let name = account.or(setting).unwrap_or(MAIN);
    let of = facts::account_named(name, snap)?.ok_or_else(|| error::unknown("account", name))?;
    if let Some(found) = lookup::principal_in(of.id, text, snap)? {
        return Ok(Some(found));
    }
    if account.is_some() {
        return Ok(None);
    }
    match facts::principal_with_email(text, snap)? {
        Some(found) => Ok(Some(found)),
        None => facts::principal_with_key(text, snap),
    }
}
