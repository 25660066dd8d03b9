//! Signed tokens (JWT).
//!
//! jsonwebtoken takes them apart and verifies the signature; the claims are looked at here, strictly: what is there
//! must be of its type, and what is asked for must be there. Verified tokens are remembered by their SHA-256, with what
//! the answer depended on: the keys' stamp, the principal's stamp, the settings and the time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::time::{SystemTime, UNIX_EPOCH};

use jsonwebtoken::{Header, Validation, decode, decode_header, encode};
use pgrx::datum::Interval;
use pgrx::prelude::*;
use serde_json::{Map, Value, json};

use super::keys::{self, TokenKeys};
use super::{Verified, crypto, is_welcome, named, settings, usual_account};
use crate::admin::address::{self, given};
use crate::admin::asker::{self, Asker};
use crate::error::{self, Result};
use crate::facts::{self, Moment, Principal, PrincipalKind};
use crate::scan::Snap;

/// A token that was verified.
struct Known {
    principal: i64,
    /// What says that the principal is as it was: name, e-mail, key, state.
    of_principal: Option<[u8; 16]>,
    valid_until: Option<Moment>,
    keys: Option<[u8; 16]>,
    settings: u64,
    /// The account that was looked in because the token names none; none: it names one.
    usual: Option<String>,
    /// The account that the token names, with what says that its name is as it was.
    account: Option<(i64, Option<[u8; 16]>)>,
    period: Period,
}

/// When a token is good, in seconds.
#[derive(Clone, Copy)]
struct Period {
    expires: i64,
    not_before: Option<i64>,
}

impl Period {
    fn check(&self) -> Verified<()> {
        let (now, skew) = (now(), settings::clock_skew());
        if self.expires <= now.saturating_sub(skew) {
            return Err("the token has expired");
        }
        if self.not_before.is_some_and(|from| from > now.saturating_add(skew)) {
            return Err("the token is not valid yet");
        }
        Ok(())
    }
}

thread_local! {
    static SEEN: RefCell<HashMap<[u8; 32], Known>> = RefCell::new(HashMap::new());
}

/// More than this are not remembered: about 200 bytes each.
const MOST_SEEN: usize = 4096;

fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(i64::MAX, |d| d.as_secs() as i64)
}

/// The principal that a token names.
pub fn verify(token: &str, snap: &Snap) -> Result<Verified<i64>> {
    let fingerprint = crypto::hash(token.as_bytes());
    if let Some(id) = recall(&fingerprint, snap)? {
        return Ok(Ok(id));
    }
    Ok(match look(token, snap)? {
        Ok(known) => {
            let id = known.principal;
            SEEN.with_borrow_mut(|seen| {
                if seen.len() >= MOST_SEEN {
                    seen.clear();
                }
                seen.insert(fingerprint, known)
            });
            Ok(id)
        }
        Err(reason) => Err(reason),
    })
}

/// The principal of a token that was verified before, if nothing that it depended on has changed.
fn recall(fingerprint: &[u8; 32], snap: &Snap) -> Result<Option<i64>> {
    let at_hand = SEEN.with_borrow(|seen| {
        let known = seen.get(fingerprint)?;
        let alive = known.valid_until.is_none_or(|until| until > asker::now());
        (known.settings == settings::changes() && known.period.check().is_ok() && alive)
            .then(|| (known.principal, known.of_principal, known.keys, known.usual.clone(), known.account))
    });
    let Some((principal, of_principal, keys, usual, account)) = at_hand else { return Ok(None) };
    let same = facts::stamp(1, principal, snap)? == of_principal
        && keys::stamp(snap)? == keys
        && match account {
            Some((account, stamp)) => facts::stamp(2, account, snap)? == stamp,
            None => true,
        }
        && match usual {
            Some(usual) => usual_account(snap)? == usual,
            None => true,
        };
    Ok(same.then_some(principal))
}

fn look(token: &str, snap: &Snap) -> Result<Verified<Known>> {
    let keys = TokenKeys::of(snap)?;
    let settings = settings::changes();
    let claims = match open(token, &keys) {
        Ok(claims) => claims,
        Err(reason) => return Ok(Err(reason)),
    };
    let (period, name, account) = match check(&claims) {
        Ok(said) => said,
        Err(reason) => return Ok(Err(reason)),
    };
    let Some(found) = named(name, account, snap)? else { return Ok(Err("the token names an unknown principal")) };
    // A token of acl_issue_token is its principal's, whoever bears the name later.
    if claims.get("docacl_id").is_some_and(|id| id.as_i64() != Some(found.id)) {
        return Ok(Err("the token names a principal that is gone"));
    }
    if !is_welcome(&found) {
        return Ok(Err("the token names a principal that is disabled, expired, or no user"));
    }
    Ok(Ok(Known {
        principal: found.id,
        of_principal: facts::stamp(1, found.id, snap)?,
        valid_until: found.valid_until,
        keys: keys.stamp,
        settings,
        usual: if account.is_none() { Some(usual_account(snap)?) } else { None },
        account: match (account, found.account) {
            (Some(_), Some(of)) => Some((of, facts::stamp(2, of, snap)?)),
            _ => None,
        },
        period,
    }))
}

/// The claims of a token whose signature is good.
fn open(token: &str, keys: &TokenKeys) -> Verified<Map<String, Value>> {
    let header = decode_header(token).map_err(|_| "the token is malformed, or of another algorithm")?;
    if header.crit.is_some() {
        return Err("the token demands something unknown");
    }
    let key = keys.named(header.kid.as_deref(), header.alg).ok_or("no key for the token's kid and algorithm")?;
    let mut validation = Validation::new(key.algorithm);
    // Ours are stricter: see `check`.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let opened = decode::<Map<String, Value>>(token, &key.key, &validation);
    opened.map(|t| t.claims).map_err(|_| "the token's signature or its claims are malformed or wrong")
}

/// When the token is good, whom it names, and in which account.
fn check(claims: &Map<String, Value>) -> Verified<(Period, &str, Option<&str>)> {
    let period = Period {
        expires: moment(claims, "exp")?.ok_or("the token never expires")?,
        not_before: moment(claims, "nbf")?,
    };
    period.check()?;
    match (claims.get("aud"), settings::audience()) {
        (None, None) => {}
        (Some(Value::String(aud)), Some(ours)) if *aud == ours => {}
        (Some(Value::Array(all)), Some(ours)) if all.iter().any(|aud| aud.as_str() == Some(&ours)) => {}
        _ => return Err("the token is for another audience"),
    }
    if let Some(issuer) = settings::issuer()
        && claims.get("iss").and_then(Value::as_str) != Some(&issuer)
    {
        return Err("the token is of another issuer");
    }
    let name = claims.get(&settings::claim()).and_then(Value::as_str).ok_or("the token names nobody")?;
    let account = match claims.get(&settings::account_claim()) {
        None => None,
        Some(Value::String(account)) => Some(account.as_str()),
        Some(_) => return Err("the token's account is malformed"),
    };
    Ok((period, name, account))
}

/// A claim that is a time, in seconds; fractions are allowed.
fn moment(claims: &Map<String, Value>, name: &str) -> Verified<Option<i64>> {
    /// Later than any calendar goes.
    const LATEST: f64 = 1e15;
    match claims.get(name) {
        None => Ok(None),
        Some(value) => match value.as_f64() {
            Some(seconds) if (0.0..LATEST).contains(&seconds) => Ok(Some(seconds.floor() as i64)),
            _ => Err("a time in the token is malformed"),
        },
    }
}

#[pg_extern]
fn acl_issue_token(principal: Option<&str>, ttl: Option<Interval>) -> Result<String> {
    /// Ten years: who wants a token for longer wants an API key.
    const LONGEST: i64 = 10 * 366 * 86_400;
    let (written, ttl) = (given("principal", principal)?, given("ttl", ttl)?);
    let asker = Asker::now()?;
    asker.require_above("issue tokens")?;
    let who = address::principal(&asker, written)?;
    match who.kind {
        PrincipalKind::User | PrincipalKind::ApiKey => {}
        PrincipalKind::System => return Err(error::denied("no token makes a session system", "Name a user.")),
        PrincipalKind::Role => {
            return Err(error::wrong_object(
                format!("\"{written}\" is a role"),
                "Name a user: a role is what users are members of.",
            ));
        }
    }
    let seconds = i64::from(ttl.months()) * 30 * 86_400 + i64::from(ttl.days()) * 86_400 + ttl.micros() / 1_000_000;
    if !(1..=LONGEST).contains(&seconds) {
        return Err(error::bad(
            "ttl must be at least a second and at most ten years",
            "Write for instance '15 minutes'.",
        ));
    }
    issue(&who, seconds, &asker.snap)
}

fn issue(who: &Principal, seconds: i64, snap: &Snap) -> Result<String> {
    let keys = TokenKeys::of(snap)?;
    let (kid, key) = keys.to_issue().ok_or_else(|| {
        error::wrong_state(
            "there is no key to issue tokens with",
            "Add one with acl_add_token_key(kid, 'HS256', secret): of the other algorithms only the public key is here.",
        )
    })?;
    let account = match who.account {
        Some(account) => facts::resource(account, snap)?.map(|r| r.name),
        None => None,
    };
    let issued = now();
    let id = crypto::random::<16>().ok_or_else(|| error::internal("no random bytes"))?;
    let mut claims = json!({
        "docacl_id": who.id,
        "iat": issued,
        "exp": issued + seconds,
        "jti": id.iter().map(|b| format!("{b:02x}")).collect::<String>(),
    });
    claims[settings::claim()] = json!(who.name);
    if let Some(account) = account {
        claims[settings::account_claim()] = json!(account);
    }
    if let Some(audience) = settings::audience() {
        claims["aud"] = json!(audience);
    }
    if let Some(issuer) = settings::issuer() {
        claims["iss"] = json!(issuer);
    }
    let header = Header { kid: Some(kid.to_owned()), ..Header::default() };
    encode(&header, &claims, &key).map_err(|e| error::internal(format!("a token could not be made: {e}")))
}
