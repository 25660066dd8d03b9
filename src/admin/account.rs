//! Accounts, and what every account is made with.

use pgrx::prelude::*;

use super::address::given;
use super::asker::Asker;
use super::authority::{PROJECT_AUTHORIZATIONS, PROJECTS, ROLE_AUTHORIZATIONS};
use super::{names, write};
use crate::error::{self, Result};
use crate::facts;
use crate::scan::Snap;

/// The functions that an account is made with, by which parts of its administration are handed out.
pub const FUNCTIONS: [&str; 3] = [PROJECTS, PROJECT_AUTHORIZATIONS, ROLE_AUTHORIZATIONS];

#[pg_extern]
fn acl_create_account(name: Option<&str>, key: default!(Option<&str>, "NULL")) -> Result<i64> {
    let name = given("name", name)?;
    let asker = Asker::somebody()?;
    asker.require_above("create accounts")?;
    names::check("name", name)?;
    names::check_key(key)?;
    // Against acl_create_kind, which gives every account there is a *.
    write::run("LOCK TABLE docacl.kind IN SHARE ROW EXCLUSIVE MODE", &[])?;
    let snap = Snap::latest();
    if facts::account_named(name, &snap)?.is_some() {
        return Err(error::exists("account", name));
    }
    if key.map(|k| facts::resource_with_key("account", k, &snap)).transpose()?.flatten().is_some() {
        return Err(error::exists("account with key", key.unwrap_or_default()));
    }
    let by = asker.id();
    let account = write::id(
        "INSERT INTO docacl.resource (id, account_id, kind, inherits, name, key, created_by) OVERRIDING SYSTEM VALUE
         SELECT n.id, n.id, 'account', true, $1, $2, $3
         FROM (SELECT pg_catalog.nextval('docacl.resource_id_seq') AS id) AS n
         ON CONFLICT DO NOTHING RETURNING id",
        &[name.into(), key.into(), by.into()],
    )?
    .ok_or_else(|| error::exists("account", name))?;
    let stars: Vec<String> = facts::kinds(&snap)?.into_iter().filter(|k| k.has_star).map(|k| k.name).collect();
    for kind in stars {
        create_star(account, &kind, by)?;
    }
    for function in FUNCTIONS {
        write::run(
            "INSERT INTO docacl.resource (account_id, kind, inherits, name, created_by) VALUES ($1, 'function', true, $2, $3)",
            &[account.into(), function.into(), by.into()],
        )?;
    }
    for (role, built_in) in [("Administrators", "administrators"), ("Users", "users"), ("everyone", "everyone")] {
        write::run(
            "INSERT INTO docacl.principal (account_id, kind, name, built_in, created_by) VALUES ($1, 'role', $2, $3, $4)",
            &[account.into(), role.into(), built_in.into(), by.into()],
        )?;
    }
    Ok(account)
}

/// The `*` of a kind in an account. It has no parent and inherits nothing: it is what others take from.
pub fn create_star(account: i64, kind: &str, by: i64) -> Result<()> {
    write::run(
        "INSERT INTO docacl.resource (account_id, kind, inherits, is_star, name, created_by) VALUES ($1, $2, false, true, '*', $3)",
        &[account.into(), kind.into(), by.into()],
    )
    .map(drop)
}

/// Removes an account that has nothing left but what it was made with.
pub fn drop_account(account: &facts::Resource) -> Result<()> {
    if account.name == super::asker::MAIN {
        return Err(error::wrong_state(
            "account \"main\" cannot be dropped",
            "It is where names are looked up when nothing else is said; leave it empty, or rename it.",
        ));
    }
    let in_use = || {
        error::in_use(
            format!("account \"{}\" is still used", account.name),
            "Drop its users, roles and resources first.",
        )
    };
    write::lock_structure(account.id)?;
    let rest = write::id(
        "SELECT count(*) FROM (
             SELECT 1 FROM docacl.principal WHERE account_id = $1 AND built_in IS NULL
             UNION ALL
             SELECT 1 FROM docacl.resource WHERE account_id = $1 AND id <> $1 AND NOT is_star
                 AND NOT (kind = 'function' AND parent_id IS NULL AND name = ANY ($2))
         ) AS t",
        &[account.id.into(), FUNCTIONS.map(str::to_owned).to_vec().into()],
    )?;
    if rest != Some(0) {
        return Err(in_use());
    }
    write::run("DELETE FROM docacl.principal WHERE account_id = $1", &[account.id.into()])?;
    write::run("DELETE FROM docacl.resource WHERE account_id = $1", &[account.id.into()])?;
    Ok(())
}
