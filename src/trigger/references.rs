//! The references that a row carries: each must name a resource of its gate's kind, all of one account, a
//! company inside the environment beside it, a client or provider inside the company beside it.
//!
//! Checked on every write, for exempt sessions too. The look-ups use the newest snapshot, as foreign keys do;
//! dropping a resource locks the tables that could hold it first, so no row can slip in between.

use std::collections::{HashMap, HashSet};

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;

use super::Site;
use super::tuple::{Column, Values};
use crate::error::{self, Result, inconsistent, missing_reference};
use crate::facts::{self, Resource};
use crate::protect::Spec;
use crate::scan::Snap;
use crate::shape::By;
use crate::value::{Type, read_text, read_value};

/// Resources that this statement has looked up, by reference and value.
#[derive(Default)]
pub struct Checked {
    found: HashMap<(String, String), Resource>,
    people: HashSet<(By, String)>,
}

/// Checks the references of a row.
pub fn check(site: &mut Site, values: &Values) -> Result<()> {
    let (spec, columns) = (site.spec.clone(), &site.columns.gates);
    let found = problem(&spec, &mut site.references, |gate, at| {
        let Some(column) = columns.get(gate).and_then(|c| c.get(at)) else { return Ok(None) };
        let Some(text) = values.get(*column).map(|datum| text_of(column.ty, datum)).transpose()? else {
            return Ok(None);
        };
        let reference = spec.gates.get(gate).and_then(|g| g.refs.get(at));
        // Where the row is the resource itself, the mirror is about to make it.
        match (&site.itself, reference) {
            (Some(itself), Some(r)) if itself.is(gate, &r.column) && !is_there(&r.kinds, &text)? => Ok(None),
            _ => Ok(Some(text)),
        }
    })?;
    found.map_or(Ok(()), Err)?;
    of_its_account(site, values)
}

/// 23514 where a row that is a resource itself refers to another account than its own: it is not there to be compared with.
fn of_its_account(site: &Site, values: &Values) -> Result<()> {
    let Some(itself) = &site.itself else { return Ok(()) };
    let Some(account) = itself.account_of(values)? else { return Ok(()) };
    for (gate, columns) in site.spec.gates.iter().zip(&site.columns.gates) {
        for (reference, column) in gate.refs.iter().zip(columns) {
            let Some(datum) = values.get(*column) else { continue };
            let known = site.references.found.get(&(reference.column.clone(), text_of(column.ty, datum)?));
            if known.is_some_and(|resource| resource.account != account) {
                return Err(other_account(&reference.column));
            }
        }
    }
    Ok(())
}

/// What is wrong with the references of a row, whose values `value` gives by the number of their gate and their place
/// in it.
pub fn problem(
    spec: &Spec,
    checked: &mut Checked,
    value: impl Fn(usize, usize) -> Result<Option<String>>,
) -> Result<Option<ErrorReport>> {
    let mut snap = None;
    let mut account: Option<i64> = None;
    for (number, gate) in spec.gates.iter().enumerate() {
        let mut present: Vec<Resource> = Vec::new();
        for (at, reference) in gate.refs.iter().enumerate() {
            let Some(value) = value(number, at)? else {
                continue;
            };
            let cache_key = (reference.column.clone(), value.clone());
            let resource = match checked.found.get(&cache_key) {
                Some(found) => found.clone(),
                None => {
                    let found = match look_up(
                        &reference.kinds,
                        reference.by,
                        &value,
                        &reference.column,
                        snap.get_or_insert_with(Snap::latest),
                    )? {
                        Ok(found) => found,
                        Err(problem) => return Ok(Some(problem)),
                    };
                    checked.found.insert(cache_key, found.clone());
                    found
                }
            };
            if account.is_some_and(|a| a != resource.account) {
                return Ok(Some(other_account(&reference.column)));
            }
            account = Some(resource.account);
            present.push(resource);
        }
        if gate.gate == "scope" && present.len() > 1 {
            let problem = nested(&present, snap.get_or_insert_with(Snap::latest))?;
            if problem.is_some() {
                return Ok(problem);
            }
        }
    }
    Ok(None)
}

fn other_account(column: &str) -> pgrx::pg_sys::panic::ErrorReport {
    inconsistent(
        format!("column \"{column}\" refers to another account than the row's other references"),
        "All references of a row are of one account.",
    )
}

fn is_there(kinds: &[String], key: &str) -> Result<bool> {
    let snap = Snap::latest();
    for kind in kinds {
        if facts::resource_with_key(kind, key, &snap)?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// 23502 where a gate that the table requires has no reference, unless every gate is empty: what every writer may be
/// told, for he wrote the row.
pub fn require_gates(site: &Site, values: &Values) -> Result<()> {
    let listed = site.columns.own_acl.is_some_and(|own| values.get(own).is_some());
    let (mut missing, mut engaged) = (None, false);
    for (gate, columns) in site.spec.gates.iter().zip(&site.columns.gates) {
        let own = listed && gate.gate == "place";
        if own || !gate.constant.is_empty() || columns.iter().any(|c| values.get(*c).is_some()) {
            engaged = true;
        } else if gate.required {
            missing = missing.or(Some(&gate.gate));
        }
    }
    match missing {
        Some(gate) if engaged => Err(error::required(
            format!("gate \"{gate}\" of the row has no reference"),
            "The table requires this gate: name a resource in its column, or leave every gate empty.",
        )),
        _ => Ok(()),
    }
}

/// Checks the columns that name principals, those of them that `changed`.
pub fn check_people(site: &mut Site, values: &Values, changed: impl Fn(Column) -> bool) -> Result<()> {
    let me = site.bound.as_ref().map(|b| b.new.ring.clone());
    // To who is judged, another account's people do not exist. (system is of none.)
    let mine = if site.exempt { None } else { me.as_ref().and_then(|ring| ring.account) };
    let foreign = |p: &facts::Principal| mine.is_some() && p.account.is_some() && p.account != mine;
    for who in [site.columns.owner, site.columns.requester, site.columns.deleted_by].into_iter().flatten() {
        let Some(datum) = values.get(who.column).filter(|_| changed(who.column)) else { continue };
        let value = text_of(who.column.ty, datum)?;
        let is_me = me.as_ref().is_some_and(|ring| match who.by {
            By::Id => ring.id.to_string() == value,
            By::Key => ring.key.as_deref() == Some(&value),
        });
        let asked = (who.by, value);
        if is_me || site.references.people.contains(&asked) {
            continue;
        }
        let snap = Snap::latest();
        let found = match who.by {
            By::Id => match asked.1.parse() {
                Ok(id) => facts::principal(id, &snap)?,
                Err(_) => None,
            },
            By::Key => facts::principal_with_key(&asked.1, &snap)?,
        };
        if found.is_none_or(|p| foreign(&p)) {
            return Err(missing_reference(
                "owner, requester or deleter of the row is a principal that does not exist",
                "Create the user first with acl_create_user, or leave the column null.",
            ));
        }
        site.references.people.insert(asked);
    }
    Ok(())
}

fn look_up(
    kinds: &[String],
    by: By,
    value: &str,
    column: &str,
    snap: &Snap,
) -> Result<std::result::Result<Resource, ErrorReport>> {
    let nothing = || {
        missing_reference(
            format!("column \"{column}\" refers to no {} that exists", kinds.join(" or ")),
            "Create the resource first with acl_create, or correct the reference.",
        )
    };
    let resource = match by {
        By::Id => match value.parse() {
            Ok(id) => facts::resource(id, snap)?,
            Err(_) => None,
        },
        By::Key => {
            let mut found = None;
            for kind in kinds {
                found = found.or(facts::resource_with_key(kind, value, snap)?);
            }
            found
        }
    };
    let Some(resource) = resource else { return Ok(Err(nothing())) };
    if resource.is_star || !kinds.contains(&resource.kind) {
        return Ok(Err(inconsistent(
            format!("column \"{column}\" refers to a resource of another kind than {}", kinds.join(" or ")),
            "Refer to a resource of the gate's kind; * means every resource of a kind and holds no rows.",
        )));
    }
    Ok(Ok(resource))
}

/// The references of the scope gate, innermost first: each must lie below the next of a wider kind.
fn nested(present: &[Resource], snap: &Snap) -> Result<Option<ErrorReport>> {
    for (at, inner) in present.iter().enumerate() {
        if let Some(other) = present.iter().skip(at + 1).find(|o| depth(o) == depth(inner) && o.parent != inner.parent)
        {
            return Ok(Some(inconsistent(
                format!("the row's {} and {} are not of one company", inner.kind, other.kind),
                "A company belongs to one environment, a client or provider to one company.",
            )));
        }
        let Some(outer) = present.iter().skip(at + 1).find(|o| depth(o) < depth(inner)) else { continue };
        let mut up = inner.clone();
        while up.id != outer.id {
            let Some(parent) = up.parent else {
                return Ok(Some(inconsistent(
                    format!("the row's {} is not inside its {}", inner.kind, outer.kind),
                    "A company belongs to one environment, a client or provider to one company.",
                )));
            };
            up = facts::resource(parent, snap)?.ok_or_else(|| error::internal("a resource without its parent"))?;
        }
    }
    Ok(None)
}

/// How far inside the account a kind of the scope gate lies.
fn depth(resource: &Resource) -> u8 {
    match resource.kind.as_str() {
        "account" => 0,
        "environment" => 1,
        "company" => 2,
        _ => 3,
    }
}

/// A reference's value as docacl keeps keys.
pub fn text_of(ty: pg_sys::Oid, datum: pg_sys::Datum) -> Result<String> {
    match Type::of(ty) {
        Type::Text => read_text(datum),
        ty => Ok(read_value(ty, datum)?.to_key()),
    }
}
