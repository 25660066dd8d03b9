//! Finding what a person means: principals by name, e-mail or key; resources by kind and name, path or id; always
//! inside one account, and only what the asker may see or administer.

use docacl_core::kind as core_kind;
use pgrx::pg_sys::panic::ErrorReport;

use super::asker::Asker;
use super::authority::{Deed, refused};
use crate::error::{self, Result};
use crate::facts::{self, Kind, Principal, PrincipalKind, Resource, SYSTEM};
use crate::lookup;
use crate::scan::Snap;

/// How a resource was written.
#[derive(Debug, Clone, Copy)]
pub enum Ref<'a> {
    /// A name, a path or `*`.
    Name(&'a str),
    /// An id.
    Id(i64),
}

impl std::fmt::Display for Ref<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ref::Name(name) => f.write_str(name),
            Ref::Id(id) => write!(f, "{id}"),
        }
    }
}

/// The value of an argument that must not be null.
pub fn given<T>(argument: &str, value: Option<T>) -> Result<T> {
    value.ok_or_else(|| error::null(argument))
}

/// The resource argument of a function, by name.
pub fn named<'a>(argument: &str, value: Option<&'a str>) -> Result<Ref<'a>> {
    given(argument, value).map(Ref::Name)
}

/// The resource argument of a function, by id.
pub fn with_id<'a>(argument: &str, value: Option<i64>) -> Result<Ref<'a>> {
    given(argument, value).map(Ref::Id)
}

/// A kind, from a word a person wrote.
pub fn kind(word: &str, snap: &Snap) -> Result<Kind> {
    match facts::kind(&core_kind::normalize(word), snap)? {
        Some(kind) => Ok(kind),
        None => {
            let names: Vec<String> = facts::kinds(snap)?.into_iter().map(|k| k.name).collect();
            Err(error::unknown_hint("kind", word, format!("Kinds are: {}.", names.join(", "))))
        }
    }
}

/// The principal a person means.
pub fn principal(asker: &Asker, text: &str) -> Result<Principal> {
    let found = match text {
        "system" => facts::principal(SYSTEM, &asker.snap)?,
        _ => lookup::principal_in(asker.account()?, text, &asker.snap)?,
    };
    found.ok_or_else(|| error::unknown("principal", text))
}

/// The user a person means; not a role, not `system`.
pub fn user(asker: &Asker, text: &str) -> Result<Principal> {
    let found = principal(asker, text)?;
    match found.kind {
        PrincipalKind::User => Ok(found),
        PrincipalKind::System => Err(system_is_untouchable()),
        _ => Err(error::wrong_object(format!("\"{text}\" is not a user"), "Name a user.")),
    }
}

/// The role a person means.
pub fn role(asker: &Asker, text: &str) -> Result<Principal> {
    let found = principal(asker, text)?;
    match found.kind {
        PrincipalKind::Role => Ok(found),
        PrincipalKind::System => Err(system_is_untouchable()),
        _ => Err(error::wrong_object(format!("\"{text}\" is not a role"), "Name a role.")),
    }
}

/// 42501: nothing is done to `system`, by nobody.
pub fn system_is_untouchable() -> ErrorReport {
    error::denied(
        "system cannot be removed, disabled, renamed, granted to or put in a role",
        "It passes every check as it is; choose another principal.",
    )
}

/// The resource a person means, for something that he may do with it.
pub fn resource(asker: &Asker, kind: &Kind, written: Ref, deed: Deed) -> Result<Resource> {
    let allowed = |r: &Resource| asker.may(deed, r);
    resource_where(asker, kind, written, &allowed, || refused(deed, &kind.name, &written.to_string()))
}

/// The resource a person means, among those that are `allowed`; `refusal` where he sees it but it is not allowed.
pub fn resource_where(
    asker: &Asker,
    kind: &Kind,
    written: Ref,
    allowed: &dyn Fn(&Resource) -> Result<bool>,
    refusal: impl Fn() -> ErrorReport,
) -> Result<Resource> {
    let (first, second) = match written {
        Ref::Id(id) => (by_id(asker, kind, id)?, Vec::new()),
        Ref::Name(text) => by_name(asker, kind, text)?,
    };
    for candidates in [first, second] {
        let mut open = Vec::new();
        let mut seen = 0usize;
        for candidate in candidates {
            if allowed(&candidate)? {
                open.push(candidate);
            } else if asker.sees(&candidate)? {
                seen += 1;
            }
            // A folder of this name may be in every one of a thousand others.
            if open.len() + seen > 1 {
                return Err(error::ambiguous(&kind.name, &written.to_string()));
            }
        }
        match (open.pop(), open.len() + seen) {
            (Some(found), 0) => return Ok(found),
            (None, 1) => return Err(refusal()),
            (None, 0) => {}
            _ => return Err(error::ambiguous(&kind.name, &written.to_string())),
        }
    }
    Err(error::unknown(&kind.name, &written.to_string()))
}

fn by_id(asker: &Asker, kind: &Kind, id: i64) -> Result<Vec<Resource>> {
    Ok(facts::resource(id, &asker.snap)?.into_iter().filter(|r| r.kind == kind.name).collect())
}

/// What bears the text as its name, and what it reaches as a path: the name wins.
fn by_name(asker: &Asker, kind: &Kind, text: &str) -> Result<(Vec<Resource>, Vec<Resource>)> {
    if kind.name == "account" {
        // A superuser names any account; for others there is but their own.
        return Ok((facts::account_named(text, &asker.snap)?.into_iter().collect(), Vec::new()));
    }
    let account = asker.account()?;
    if text == "*" {
        return Ok((facts::star(account, &kind.name, &asker.snap)?.into_iter().collect(), Vec::new()));
    }
    let exact = facts::resources_named(account, &kind.name, text, &asker.snap)?;
    if lookup::is_name(text) {
        return Ok((exact, Vec::new()));
    }
    let by_path = lookup::at_path(account, &kind.name, text, &asker.snap)?;
    Ok((exact, by_path.into_iter().filter(|r| !r.is_star).collect()))
}
