//! Finding principals and resources by what people write: names, paths, e-mails, keys.
//!
//! Only looks; who may see what is found is the caller's business.

use docacl_core::{kind as core_kind, name};

use crate::error::Result;
use crate::facts::{self, Principal, Resource};
use crate::scan::Snap;

/// The resources of a kind in an account that a text means: those of exactly this name, else those at the end of
/// this path. No document: a document is addressed by its row.
pub fn by_name_or_path(account: i64, kind: &str, text: &str, snap: &Snap) -> Result<Vec<Resource>> {
    let exact = facts::resources_named(account, kind, text, snap)?;
    if exact.is_empty() { at_path(account, kind, text, snap) } else { Ok(exact) }
}

/// Whether a text is no path but one name.
pub fn is_name(text: &str) -> bool {
    name::parse_path(text).is_some_and(|p| !p.absolute && matches!(p.segments.as_slice(), [only] if only == text))
}

/// Names that no more resources bear than this are found by going down from the first name of a path, however many bear
/// its last one.
const FEW: usize = 16;

/// The resources of a kind in an account at the end of this path.
pub fn at_path(account: i64, kind: &str, text: &str, snap: &Snap) -> Result<Vec<Resource>> {
    let Some(path) = name::parse_path(text) else {
        return Ok(vec![]);
    };
    let Some((last, above)) = path.segments.split_last() else {
        return Ok(vec![]);
    };
    // The kind of each name, outermost first: a kind has resources of one kind above it.
    let mut kinds = vec![kind];
    for _ in above {
        match core_kind::above(kinds[kinds.len() - 1]) {
            Some(kind) => kinds.push(kind),
            None => return Ok(vec![]),
        }
    }
    kinds.reverse();
    let (first, below) = (&path.segments[0], || kinds.iter().zip(&path.segments).skip(1));
    if path.absolute {
        let top = if core_kind::above(kinds[0]).is_some_and(|k| k != kinds[0]) {
            None
        } else {
            let root = (kinds[0] == "environment").then_some(account);
            facts::child_named(account, kinds[0], root, first, snap)?
        };
        return Ok(match top {
            Some(top) => descend(top, below(), snap)?.into_iter().collect(),
            None => vec![],
        });
    }
    let tops = facts::resources_named(account, kinds[0], first, snap)?;
    if above.is_empty() {
        return Ok(tops);
    }
    let mut found = Vec::new();
    if tops.len() <= FEW {
        for top in tops {
            found.extend(descend(top, below(), snap)?);
        }
        return Ok(found);
    }
    for resource in facts::resources_named(account, kind, last, snap)? {
        if lies_below(&resource, above, snap)? {
            found.push(resource);
        }
    }
    Ok(found)
}

/// What bears these names one below the other, from here.
fn descend<'a>(
    top: Resource,
    below: impl Iterator<Item = (&'a &'a str, &'a String)>,
    snap: &Snap,
) -> Result<Option<Resource>> {
    let mut at = top;
    for (kind, name) in below {
        match facts::child_named(at.account, kind, Some(at.id), name, snap)? {
            Some(child) => at = child,
            None => return Ok(None),
        }
    }
    Ok(Some(at))
}

/// Whether the resources above one bear these names.
fn lies_below(resource: &Resource, above: &[String], snap: &Snap) -> Result<bool> {
    let mut at = resource.clone();
    for expected in above.iter().rev() {
        match parent(&at, snap)? {
            Some(p) if p.name == *expected => at = p,
            _ => return Ok(false),
        }
    }
    Ok(true)
}

/// The parent as a path shows it: the account is not part of paths.
fn parent(resource: &Resource, snap: &Snap) -> Result<Option<Resource>> {
    match resource.parent {
        Some(id) => Ok(facts::resource(id, snap)?.filter(|p| p.kind != "account")),
        None => Ok(None),
    }
}

/// The path of a resource from the top.
pub fn path(resource: &Resource, snap: &Snap) -> Result<String> {
    path_with(resource, snap, |_| Ok(true))
}

/// The path of a resource from the top; an ancestor that is not to be shown is an ellipsis.
pub fn path_with(resource: &Resource, snap: &Snap, shown: impl Fn(&Resource) -> Result<bool>) -> Result<String> {
    let mut names = vec![resource.name.clone()];
    let mut at = resource.clone();
    while let Some(up) = parent(&at, snap)? {
        names.push(if shown(&up)? { up.name.clone() } else { "…".to_owned() });
        at = up;
    }
    names.reverse();
    Ok(name::format_path(names))
}

/// The principal of an account that a text means: its name, else its e-mail, else its key.
pub fn principal_in(account: i64, text: &str, snap: &Snap) -> Result<Option<Principal>> {
    if let Some(found) = facts::principal_named(account, text, snap)? {
        return Ok(Some(found));
    }
    let of_account = |p: &Principal| p.account == Some(account);
    if let Some(found) = facts::principal_with_email(text, snap)?.filter(of_account) {
        return Ok(Some(found));
    }
    Ok(facts::principal_with_key(text, snap)?.filter(of_account))
}
