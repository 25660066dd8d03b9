//! The keys that tokens are verified with: any number of them, each with its id (kid), so that a new one can be in use
//! before an old one goes. Every key is for one algorithm, whatever a token says.

use std::cell::RefCell;
use std::rc::Rc;

use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, AlgorithmFamily, DecodingKey, DecodingKeyKind, EncodingKey};
use pgrx::prelude::*;

use crate::admin::address::given;
use crate::admin::asker::Asker;
use crate::admin::{names, write};
use crate::error::{self, Result};
use crate::facts;
use crate::scan::Snap;

/// A shared secret of fewer bytes can be guessed (RFC 7518 asks as many as the hash has).
const SHORTEST_SECRET: usize = 32;

/// The stamp of all keys together: see sql/tokens.sql.
const STAMP: (i16, i64) = (3, 0);

/// A key.
pub struct TokenKey {
    pub kid: String,
    pub algorithm: Algorithm,
    pub key: DecodingKey,
    /// In the order in which they were added.
    number: i64,
    text: String,
}

/// All keys, as some snapshot sees them.
pub struct TokenKeys {
    pub stamp: Option<[u8; 16]>,
    all: Vec<TokenKey>,
}

thread_local! {
    static KNOWN: RefCell<Option<Rc<TokenKeys>>> = const { RefCell::new(None) };
}

/// What says whether the keys are the same: it differs whenever they do.
pub fn stamp(snap: &Snap) -> Result<Option<[u8; 16]>> {
    facts::stamp(STAMP.0, STAMP.1, snap)
}

impl TokenKeys {
    /// The keys as a snapshot sees them.
    pub fn of(snap: &Snap) -> Result<Rc<TokenKeys>> {
        super::crypto::ready();
        let stamp = stamp(snap)?;
        if let Some(known) = KNOWN.with_borrow(|k| k.as_ref().filter(|k| k.stamp == stamp).cloned()) {
            return Ok(known);
        }
        let mut all = Vec::new();
        for row in facts::token_keys(snap)? {
            if let Some(algorithm) = algorithm_of(&row.algorithm)
                && let Some(key) = parse(algorithm, &row.key)
            {
                all.push(TokenKey { kid: row.kid, algorithm, key, number: row.number, text: row.key });
            }
        }
        let keys = Rc::new(TokenKeys { stamp, all });
        KNOWN.set(Some(keys.clone()));
        Ok(keys)
    }

    /// The key that a token names; a token that names none is of the only key for its algorithm.
    pub fn named(&self, kid: Option<&str>, algorithm: Algorithm) -> Option<&TokenKey> {
        let mut fits = self.all.iter().filter(|k| k.algorithm == algorithm && kid.is_none_or(|kid| kid == k.kid));
        fits.next().filter(|_| fits.next().is_none())
    }

    /// The shared secret added last: tokens are issued with it.
    pub fn to_issue(&self) -> Option<(&str, EncodingKey)> {
        let newest = self.all.iter().filter(|k| k.algorithm == Algorithm::HS256).max_by_key(|k| k.number)?;
        Some((&newest.kid, EncodingKey::from_secret(newest.text.as_bytes())))
    }
}

fn algorithm_of(word: &str) -> Option<Algorithm> {
    [("HS256", Algorithm::HS256), ("RS256", Algorithm::RS256), ("ES256", Algorithm::ES256), ("EdDSA", Algorithm::EdDSA)]
        .into_iter()
        .find(|(name, _)| name.eq_ignore_ascii_case(word.trim()))
        .map(|(_, algorithm)| algorithm)
}

fn is_private(jwk: &str) -> bool {
    serde_json::from_str::<serde_json::Value>(jwk).is_ok_and(|v| v.get("d").is_some() || v.get("k").is_some())
}

/// A key as it is written: the secret itself for HS256, else a public key in PEM or as a JWK.
fn parse(algorithm: Algorithm, text: &str) -> Option<DecodingKey> {
    let text = if algorithm == Algorithm::HS256 { text } else { text.trim() };
    let key = match algorithm {
        // A public key is known to everybody: taken for a secret, it would let everybody make tokens.
        Algorithm::HS256 => {
            let is_secret = !text.trim_start().starts_with("-----BEGIN") && text.len() >= SHORTEST_SECRET;
            return is_secret.then(|| DecodingKey::from_secret(text.as_bytes()));
        }
        // A private key, or a shared secret: what is kept here is shown to nobody, but dumped.
        _ if text.starts_with('{') && is_private(text) => return None,
        _ if text.starts_with('{') => DecodingKey::from_jwk(&serde_json::from_str::<Jwk>(text).ok()?),
        Algorithm::RS256 => DecodingKey::from_rsa_pem(text.as_bytes()),
        Algorithm::ES256 => DecodingKey::from_ec_pem(text.as_bytes()),
        _ => DecodingKey::from_ed_pem(text.as_bytes()),
    }
    .ok()?;
    let fits = match algorithm {
        Algorithm::RS256 => key.family() == AlgorithmFamily::Rsa && !text.contains("PRIVATE KEY") && is_long(&key),
        // A point of P-256, uncompressed; no other curve's is as long.
        Algorithm::ES256 => key.family() == AlgorithmFamily::Ec && key.try_get_as_bytes().is_ok_and(|k| k.len() == 65),
        _ => key.family() == AlgorithmFamily::Ed && key.try_get_as_bytes().is_ok_and(|k| k.len() == 32),
    };
    fits.then_some(key)
}

/// Whether an RSA key has 2048 bits or more: shorter ones ring refuses, and so would every login.
fn is_long(key: &DecodingKey) -> bool {
    const BYTES: usize = 2048 / 8;
    match key.kind() {
        DecodingKeyKind::SecretOrDer(der) => der.len() > BYTES,
        DecodingKeyKind::RsaModulusExponent { n, .. } => n.len() >= BYTES,
    }
}

#[pg_extern]
fn acl_add_token_key(kid: Option<&str>, algorithm: Option<&str>, key: Option<&str>) -> Result<()> {
    let (kid, algorithm, key) = (given("kid", kid)?, given("algorithm", algorithm)?, given("key", key)?);
    Asker::now()?.require_superuser("add keys for tokens")?;
    names::check("kid", kid)?;
    let known = algorithm_of(algorithm).ok_or_else(|| {
        error::bad(
            format!("unknown algorithm \"{algorithm}\""),
            "Algorithms are HS256, RS256, ES256 and EdDSA (Ed25519).",
        )
    })?;
    super::crypto::ready();
    if parse(known, key).is_none() {
        return Err(error::bad(
            "the key is not one for this algorithm",
            "HS256 takes a secret of at least 32 bytes, which is no public key; the others a public key in PEM or as a JWK.",
        ));
    }
    let added = write::run(
        "INSERT INTO docacl.token_key (kid, algorithm, key) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING RETURNING kid",
        &[kid.into(), format!("{known:?}").into(), key.into()],
    )?;
    if added == 0 { Err(error::exists("token key", kid)) } else { Ok(()) }
}

#[pg_extern]
fn acl_drop_token_key(kid: Option<&str>) -> Result<()> {
    let kid = given("kid", kid)?;
    Asker::now()?.require_superuser("drop keys for tokens")?;
    match write::run("DELETE FROM docacl.token_key WHERE kid = $1", &[kid.into()])? {
        0 => Err(error::unknown_hint("token key", kid, "SELECT kid FROM docacl.token_key shows those that there are.")),
        _ => Ok(()),
    }
}
