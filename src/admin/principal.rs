//! Users and roles: made, changed and dropped.

use docacl_core::Actions;
use pgrx::prelude::*;

use super::address::{self, given};
use super::asker::Asker;
use super::membership::{self, Membership};
use super::period::{self, Period};
use super::{names, roles, write};
use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind};
use crate::scan::Snap;

#[pg_extern]
#[allow(clippy::too_many_arguments, reason = "the parameters of the SQL function")]
fn acl_create_user(
    name: Option<&str>,
    email: Option<&str>,
    role: Option<&str>,
    key: default!(Option<&str>, "NULL"),
    read_only: default!(Option<bool>, "false"),
    valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
    if_not_exists: default!(Option<bool>, "false"),
) -> Result<i64> {
    let (name, email, role) = (given("name", name)?, given("email", email)?, given("role", role)?);
    let read_only = given("read_only", read_only)?;
    let if_not_exists = given("if_not_exists", if_not_exists)?;
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_USERS, "create users")?;
    names::check_principal(name)?;
    names::check_email(email)?;
    names::check_key(key)?;
    let until = open_end(valid_until);
    let account = asker.account()?;
    if let Some(id) = existing(account, name, PrincipalKind::User, if_not_exists, &asker.snap)? {
        return Ok(id);
    }
    let role = address::role(&asker, role)?;
    refuse_taken(None, Some(email), key)?;
    refuse_mistakable(account, None, &Written { name: Some(name), email: Some(email), key })?;
    let by = asker.id();
    let id = write::id(
        "INSERT INTO docacl.principal (account_id, kind, name, email, key, read_only, valid_until, created_by)
         VALUES ($1, 'user', $2, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING RETURNING id",
        &[
            account.into(),
            name.into(),
            email.into(),
            key.into(),
            read_only.into(),
            period::timestamp(until)?.into(),
            by.into(),
        ],
    )?
    .ok_or_else(|| error::exists("user", name))?;
    let snap = Snap::fresh();
    let user = facts::principal(id, &snap)?.ok_or_else(|| error::internal("a user that was just made is gone"))?;
    membership::assign(&asker, &Membership { role: &role, member: &user, period: Period::ALWAYS })?;
    for default in default_roles(account, &snap)? {
        membership::assign(&asker, &Membership { role: &default, member: &user, period: Period::ALWAYS })?;
    }
    write::run(
        "INSERT INTO docacl.event (account_id, event, payload)
         VALUES ($1, 'user_created', pg_catalog.jsonb_build_object('id', $2, 'name', $3::text, 'email', $4::text))",
        &[account.into(), id.into(), name.into(), email.into()],
    )?;
    Ok(id)
}

#[pg_extern]
fn acl_create_role(
    name: Option<&str>,
    purpose: default!(Option<&str>, "'normal'"),
    is_default: default!(Option<bool>, "false"),
    key: default!(Option<&str>, "NULL"),
    if_not_exists: default!(Option<bool>, "false"),
) -> Result<i64> {
    let (name, purpose) = (given("name", name)?, given("purpose", purpose)?);
    let (is_default, if_not_exists) = (given("is_default", is_default)?, given("if_not_exists", if_not_exists)?);
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_ROLES, "create roles")?;
    names::check_principal(name)?;
    names::check_key(key)?;
    let purpose = check_purpose(purpose)?;
    let account = asker.account()?;
    if let Some(id) = existing(account, name, PrincipalKind::Role, if_not_exists, &asker.snap)? {
        return Ok(id);
    }
    refuse_taken(None, None, key)?;
    refuse_mistakable(account, None, &Written { name: Some(name), email: None, key })?;
    write::id(
        "INSERT INTO docacl.principal (account_id, kind, name, key, purpose, is_default, created_by)
         VALUES ($1, 'role', $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING RETURNING id",
        &[account.into(), name.into(), key.into(), purpose.into(), is_default.into(), asker.id().into()],
    )?
    .ok_or_else(|| error::exists("role", name))
}

#[pg_extern]
fn acl_alter_user(
    principal: Option<&str>,
    name: default!(Option<&str>, "NULL"),
    email: default!(Option<&str>, "NULL"),
    enabled: default!(Option<bool>, "NULL"),
    read_only: default!(Option<bool>, "NULL"),
    valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
) -> Result<()> {
    let written = given("principal", principal)?;
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_USERS, "change users")?;
    let user = address::user(&asker, written)?;
    roles::may_change(&asker, &user, &asker.snap)?;
    roles::may_take_over(&asker, &user, &asker.snap)?;
    let account = asker.account()?;
    check_new_name(account, &user, name)?;
    if let Some(email) = email {
        names::check_email(email)?;
        refuse_taken(Some(user.id), Some(email), None)?;
        refuse_mistakable(account, Some(user.id), &Written { email: Some(email), ..Written::default() })?;
    }
    let cleared = valid_until.is_some() && open_end(valid_until).is_none();
    let until = period::timestamp(open_end(valid_until))?;
    let change = || {
        if read_only == Some(true) && roles::leads_to_admin(user.id, account, &Snap::latest())? {
            return Err(error::inconsistent(
                "an administrator cannot be read-only",
                "Take the user out of the admin role first, and of the roles that lead to it.",
            ));
        }
        write::run(
            "UPDATE docacl.principal SET name = coalesce($2, name), email = coalesce($3, email), enabled = coalesce($4, enabled),
                 read_only = coalesce($5, read_only), valid_until = CASE WHEN $6 THEN NULL ELSE coalesce($7, valid_until) END
             WHERE id = $1",
            &[
                user.id.into(),
                name.into(),
                email.into(),
                enabled.into(),
                read_only.into(),
                cleared.into(),
                until.into(),
            ],
        )
        .map(drop)
    };
    roles::keeping_an_administrator(account, change)
}

#[pg_extern]
fn acl_alter_role(
    principal: Option<&str>,
    name: default!(Option<&str>, "NULL"),
    purpose: default!(Option<&str>, "NULL"),
    is_default: default!(Option<bool>, "NULL"),
    enabled: default!(Option<bool>, "NULL"),
) -> Result<()> {
    let written = given("principal", principal)?;
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_ROLES, "change roles")?;
    let role = address::role(&asker, written)?;
    roles::may_change(&asker, &role, &asker.snap)?;
    let account = asker.account()?;
    let purpose = purpose.map(check_purpose).transpose()?;
    check_new_name(account, &role, name)?;
    let of_everyone =
        role.built_in.as_deref() == Some("everyone") && (name.is_some() || is_default.is_some() || purpose.is_some());
    if of_everyone || is_fixed(&role) && enabled == Some(false) {
        return Err(built_in(&role, "changed so"));
    }
    if is_default == Some(true) || enabled == Some(true) {
        // Whoever makes users from now on hands it out, or its members get back what it carries: so either takes
        // what handing it out takes.
        roles::may_hand_out(&asker, &role, &asker.snap)?;
    }
    roles::keeping_an_administrator(account, || {
        write::run(
            "UPDATE docacl.principal SET name = coalesce($2, name), purpose = coalesce($3, purpose),
                 is_default = coalesce($4, is_default), enabled = coalesce($5, enabled) WHERE id = $1",
            &[role.id.into(), name.into(), purpose.into(), is_default.into(), enabled.into()],
        )
        .map(drop)
    })
}

#[pg_extern]
fn acl_drop_user(principal: Option<&str>) -> Result<()> {
    let written = given("principal", principal)?;
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_USERS, "drop users")?;
    let user = address::user(&asker, written)?;
    roles::may_change(&asker, &user, &asker.snap)?;
    drop_principal(&asker, &user)
}

#[pg_extern]
fn acl_drop_role(principal: Option<&str>) -> Result<()> {
    let written = given("principal", principal)?;
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_ROLES, "drop roles")?;
    let role = address::role(&asker, written)?;
    if is_fixed(&role) {
        return Err(built_in(&role, "dropped"));
    }
    roles::may_change(&asker, &role, &asker.snap)?;
    drop_principal(&asker, &role)
}

/// Drops one, whoever asks: 55006 where it still owns rows, 55000 where it is the last administrator.
pub fn drop_principal(asker: &Asker, principal: &Principal) -> Result<()> {
    if let Some(table) = write::as_owner(|| crate::protect::rows_owned_by(principal))? {
        return Err(error::in_use(
            format!("\"{}\" still owns rows of table \"{table}\"", principal.name),
            "Give the rows another owner first, or disable the principal instead of dropping it.",
        ));
    }
    roles::keeping_an_administrator(asker.account()?, || {
        write::run("DELETE FROM docacl.principal WHERE id = $1", &[principal.id.into()]).map(drop)
    })
}

/// The id of what has this name already, where that is welcome.
fn existing(account: i64, name: &str, kind: PrincipalKind, if_not_exists: bool, snap: &Snap) -> Result<Option<i64>> {
    match facts::principal_named(account, name, snap)? {
        None => Ok(None),
        Some(found) if if_not_exists && found.kind == kind => Ok(Some(found.id)),
        Some(_) => Err(error::exists("principal", name)),
    }
}

/// E-mails and keys are unique over the installation. Only what the asker wrote is named, never whose it is.
fn refuse_taken(own: Option<i64>, email: Option<&str>, key: Option<&str>) -> Result<()> {
    let snap = Snap::latest();
    let other = |found: Option<Principal>| found.is_some_and(|p| Some(p.id) != own);
    if let Some(email) = email
        && other(facts::principal_with_email(email, &snap)?)
    {
        return Err(error::exists("principal with e-mail", email));
    }
    if let Some(key) = key
        && other(facts::principal_with_key(key, &snap)?)
    {
        return Err(error::exists("principal with key", key));
    }
    Ok(())
}

fn check_new_name(account: i64, principal: &Principal, name: Option<&str>) -> Result<()> {
    let Some(name) = name else { return Ok(()) };
    names::check_principal(name)?;
    match facts::principal_named(account, name, &Snap::latest())? {
        Some(other) if other.id != principal.id => Err(error::exists("principal", name)),
        _ => refuse_mistakable(account, Some(principal.id), &Written { name: Some(name), ..Written::default() }),
    }
}

/// What a principal is to be called by from now on.
#[derive(Default)]
pub struct Written<'a> {
    pub name: Option<&'a str>,
    pub email: Option<&'a str>,
    pub key: Option<&'a str>,
}

/// Refuses what is, inside the account, the name, e-mail or key of somebody else by another of the three: what is
/// meant for one would reach the other, be it a grant or a login. That it is nobody's by the same of the three, unique
/// indexes see to.
pub fn refuse_mistakable(account: i64, own: Option<i64>, new: &Written) -> Result<()> {
    // No index is over all three: another session that calls somebody the same must end first, to be seen.
    write::lock_structure(account)?;
    let snap = Snap::latest();
    let refuse = |what: &str, text: &str, found: Option<Principal>| match found {
        Some(p) if Some(p.id) != own && p.account == Some(account) => Err(error::exists(what, text)),
        _ => Ok(()),
    };
    for text in [new.name, new.key].into_iter().flatten() {
        refuse("principal with e-mail", text, facts::principal_with_email(text, &snap)?)?;
    }
    if let Some(name) = new.name {
        refuse("principal with key", name, facts::principal_with_key(name, &snap)?)?;
    }
    if let Some(key) = new.key {
        refuse("principal", key, facts::principal_named(account, key, &snap)?)?;
    }
    if let Some(email) = new.email {
        // An e-mail is found in whatever case it is written.
        for written in [email, &email.to_lowercase()] {
            refuse("principal", email, facts::principal_named(account, written, &snap)?)?;
            refuse("principal with key", email, facts::principal_with_key(written, &snap)?)?;
        }
    }
    Ok(())
}

fn check_purpose(purpose: &str) -> Result<&'static str> {
    let word = docacl_core::action::normalize_word(purpose);
    ["normal", "approval", "form"]
        .into_iter()
        .find(|p| *p == word)
        .ok_or_else(|| error::bad(format!("unknown purpose \"{purpose}\""), "Purposes are normal, approval and form."))
}

/// A user's last moment; infinity is none.
fn open_end(until: Option<TimestampWithTimeZone>) -> Option<facts::Moment> {
    until.map(period::moment).filter(|m| *m != facts::Moment::MAX)
}

/// The admin role and everyone stay: authority and grants by them would lose their meaning. `Users` is a role like
/// any other.
fn is_fixed(role: &Principal) -> bool {
    matches!(role.built_in.as_deref(), Some("administrators" | "everyone"))
}

fn built_in(role: &Principal, done: &str) -> pgrx::pg_sys::panic::ErrorReport {
    error::wrong_state(
        format!("role \"{}\" was made with its account and cannot be {done}", role.name),
        "Make a role of your own for what you have in mind.",
    )
}

fn default_roles(account: i64, snap: &Snap) -> Result<Vec<Principal>> {
    let ids: Vec<i64> = write::ids(
        "SELECT id FROM docacl.principal WHERE account_id = $1 AND kind = 'role' AND is_default ORDER BY id",
        &[account.into()],
    )?;
    let mut out = Vec::new();
    for id in ids {
        out.extend(facts::principal(id, snap)?);
    }
    Ok(out)
}
