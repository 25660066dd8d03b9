//! API keys: principals of one environment, which log in with a secret that is shown once.
//!
//! A key is `docacl_`, twelve characters by which it is found, and 43 that are secret: 32 random bytes. Kept is their
//! HMAC-SHA-256 under a secret of the installation. A slow hash would protect passwords, which can be guessed; 256
//! random bits cannot, and a login must cost microseconds. The hash is keyed so that nobody who can write a row but not
//! read the secret can plant a key whose hash he computed.

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use super::{Verified, crypto, is_welcome};
use docacl_core::Actions;

use crate::admin::address::{self, given, named};
use crate::admin::asker::Asker;
use crate::admin::membership::{self, Membership};
use crate::admin::period::{self, Period};
use crate::admin::{names, principal, write};
use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind, Resource};
use crate::scan::Snap;

const START: &str = "docacl_";
const PREFIX: usize = 12;
const SECRET: usize = 43;

/// Use is written down at most once in so many minutes.
const MINUTES: i64 = 5;

/// Whether a text is an API key rather than a token.
pub fn is_one(text: &str) -> bool {
    text.starts_with(START)
}

/// The part by which a key is found.
fn prefix_of(key: &str) -> Option<&str> {
    let rest = key.strip_prefix(START)?;
    let fits =
        rest.len() == PREFIX + SECRET && rest.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
    if fits { rest.get(..PREFIX) } else { None }
}

/// The API key that a text is.
pub fn verify(text: &str, snap: &Snap) -> Result<Verified<i64>> {
    let Some(prefix) = prefix_of(text) else { return Ok(Err("the API key is malformed")) };
    let found = facts::api_key(prefix, snap)?;
    let secret = facts::secret("api_key", snap)?.unwrap_or_default();
    // Hashed whether or not there is such a key: the answer takes as long.
    let hash = found.as_ref().map_or(&[0; 32][..], |k| &k.hash);
    let right = crypto::has_keyed_hash(&secret, text, hash);
    let Some(found) = found.filter(|_| right && !secret.is_empty()) else { return Ok(Err("no such API key")) };
    Ok(match facts::principal(found.principal, snap)? {
        Some(p) if p.kind == PrincipalKind::ApiKey && is_welcome(&p) => Ok(p.id),
        _ => Err("the API key is disabled or expired"),
    })
}

/// Writes down that a key was used, if that was not written down lately and a write is welcome here: not on a standby,
/// not in a read-only transaction, not where it could fail because another session writes the same.
pub fn used(principal: i64) -> Result<()> {
    // SAFETY: plain reads of backend state.
    let unwelcome = unsafe {
        pg_sys::RecoveryInProgress()
            || pg_sys::XactReadOnly
            || pg_sys::XactIsoLevel >= pg_sys::XACT_REPEATABLE_READ as i32
            || pg_sys::IsInParallelMode()
    };
    let now = crate::ring::now();
    let lately = |at: facts::Moment| now.saturating_sub(at) < MINUTES * 60 * 1_000_000;
    if unwelcome || facts::api_key_use(principal, &Snap::latest())?.is_some_and(lately) {
        return Ok(());
    }
    write::run(
        "UPDATE docacl.api_key_use SET at = pg_catalog.now()
         WHERE principal_id IN (SELECT u.principal_id FROM docacl.api_key_use AS u WHERE u.principal_id = $1 FOR UPDATE SKIP LOCKED)",
        &[principal.into()],
    )
    .map(drop)
}

#[pg_extern]
fn acl_create_api_key(
    environment: Option<&str>,
    name: Option<&str>,
    role: default!(Option<&str>, "NULL"),
    valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
) -> Result<String> {
    let (environment, name) = (named("environment", environment)?, given("name", name)?);
    let asker = Asker::somebody()?;
    let environment = managed(&asker, environment)?;
    names::check_principal(name)?;
    let account = environment.account;
    let until = valid_until.map(period::moment).filter(|m| *m != facts::Moment::MAX);
    if until.is_some_and(|until| until <= crate::ring::now()) {
        return Err(error::bad("valid_until is over", "Give a time to come, or leave it away."));
    }
    if role.is_some() {
        // As acl_assign asks: a key must not be a way around it.
        asker.require_on_account(Actions::MANAGE_ROLES, "give an API key a role")?;
    }
    let role = role.map(|role| address::role(&asker, role)).transpose()?;
    match facts::principal_named(account, name, &Snap::latest())? {
        // Another principal takes the name: a session that logged in with the old key must not come to life again.
        Some(old) if is_revoked(&old, &environment)? => write::run(
            "UPDATE docacl.principal SET name = pg_catalog.format('%s (revoked %s)', pg_catalog.left(name, 200), id) WHERE id = $1",
            &[old.id.into()],
        )
        .map(drop)?,
        Some(_) => return Err(error::exists("principal", name)),
        None => {}
    }
    principal::refuse_mistakable(account, None, &principal::Written { name: Some(name), ..Default::default() })?;
    let id = write::id(
        "INSERT INTO docacl.principal (account_id, kind, name, environment_id, valid_until, created_by)
         VALUES ($1, 'api_key', $2, $3, $4, $5) ON CONFLICT DO NOTHING RETURNING id",
        &[account.into(), name.into(), environment.id.into(), period::timestamp(until)?.into(), asker.id().into()],
    )?
    .ok_or_else(|| error::exists("principal", name))?;
    if let Some(role) = &role {
        let member = facts::principal(id, &Snap::fresh())?
            .ok_or_else(|| error::internal("an API key that was just made is gone"))?;
        membership::assign(&asker, &Membership { role, member: &member, period: Period::ALWAYS })?;
    }
    let key = new_key()?;
    let prefix = prefix_of(&key).ok_or_else(|| error::internal("an API key of the wrong form"))?;
    let hash = crypto::keyed_hash(&secret()?, &key);
    write::run(
        "INSERT INTO docacl.api_key (principal_id, prefix, hash, created_by) VALUES ($1, $2, $3, $4)",
        &[id.into(), prefix.into(), hash.into(), asker.id().into()],
    )?;
    write::run(
        "INSERT INTO docacl.api_key_use (principal_id) VALUES ($1) ON CONFLICT (principal_id) DO UPDATE SET at = NULL",
        &[id.into()],
    )?;
    Ok(key)
}

#[pg_extern]
fn acl_revoke_api_key(environment: Option<&str>, name: Option<&str>) -> Result<()> {
    let (environment, name) = (named("environment", environment)?, given("name", name)?);
    let asker = Asker::somebody()?;
    let environment = managed(&asker, environment)?;
    let key = facts::principal_named(environment.account, name, &asker.snap)?
        .filter(|p| p.kind == PrincipalKind::ApiKey && p.environment == Some(environment.id))
        .ok_or_else(|| error::unknown_hint("API key", name, "docacl.api_key_list shows those that you may see."))?;
    let by = asker.id();
    write::run("DELETE FROM docacl.api_key WHERE principal_id = $1", &[key.id.into()])?;
    write::run("UPDATE docacl.principal SET enabled = false WHERE id = $1 AND enabled", &[key.id.into()])?;
    // What it held is closed with it: a key made later by the same name begins with nothing.
    for sql in [
        "UPDATE docacl.membership SET revoked_at = pg_catalog.now(), revoked_by = $2 WHERE member_id = $1 AND revoked_at IS NULL",
        "UPDATE docacl.grants SET revoked_at = pg_catalog.now(), revoked_by = $2 WHERE principal_id = $1 AND revoked_at IS NULL",
    ] {
        write::run(sql, &[key.id.into(), by.into()])?;
    }
    Ok(())
}

/// The environment whose API keys the asker may manage.
fn managed(asker: &Asker, written: address::Ref) -> Result<Resource> {
    let kind = address::kind("environment", &asker.snap)?;
    let allowed = |r: &Resource| -> Result<bool> {
        Ok(asker.is_above()
            || r.account == asker.account()?
                && (asker.is_admin()? || asker.actions_on(r)?.contains(Actions::MANAGE_API_KEYS)))
    };
    address::resource_where(asker, &kind, written, &allowed, || refused(&written.to_string()))
}

fn refused(written: &str) -> ErrorReport {
    error::denied(
        format!("not allowed to manage API keys of environment \"{written}\""),
        "It needs manage_api_keys on the account or on the environment.",
    )
}

/// Whether a principal is an API key of the environment that was revoked: its name may be given again.
fn is_revoked(old: &Principal, environment: &Resource) -> Result<bool> {
    if old.kind != PrincipalKind::ApiKey || old.environment != Some(environment.id) || old.enabled {
        return Ok(false);
    }
    let keys = write::ids("SELECT principal_id FROM docacl.api_key WHERE principal_id = $1", &[old.id.into()])?;
    Ok(keys.is_empty())
}

/// The installation's secret, made when the first key is.
fn secret() -> Result<Vec<u8>> {
    let new = crypto::random::<32>().ok_or_else(|| error::internal("no random bytes"))?;
    write::run(
        "INSERT INTO docacl.secret (name, value) VALUES ('api_key', $1) ON CONFLICT DO NOTHING",
        &[new.to_vec().into()],
    )?;
    // Another session may have made it meanwhile: its row is committed by now.
    facts::secret("api_key", &Snap::latest())?.ok_or_else(|| error::internal("no secret for API keys"))
}

fn new_key() -> Result<String> {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // 55 characters of six bits each, of which 43 are more than 256 bits.
    let random = crypto::random::<{ PREFIX + SECRET }>().ok_or_else(|| error::internal("no random bytes"))?;
    let text: String = random.iter().map(|b| char::from(LETTERS[usize::from(b & 63)])).collect();
    Ok(format!("{START}{text}"))
}
