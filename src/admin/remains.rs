//! What a principal still holds on a resource after a revoke, through others: said in a NOTICE, so that nobody takes
//! a revoke for the end of access.

use docacl_core::Actions;
use pgrx::pg_sys::panic::ErrorReport;

use super::asker::{self, Asker};
use super::{grants, roles, words};
use crate::error::Result;
use crate::facts::{self, Principal, PrincipalKind, Resource};
use crate::scan::Snap;

/// A NOTICE that names what of `actions` the principal still holds on the resource, and through what.
pub fn notice(asker: &Asker, principal: &Principal, on: &Resource, actions: Actions) -> Result<()> {
    let snap = Snap::fresh();
    let holders = holders(principal, &snap)?;
    let mut held = Actions::empty();
    let mut through = Vec::new();
    if holders.iter().any(|h| h.built_in.as_deref() == Some("administrators")) {
        held = actions;
        through.push("the admin role".to_owned());
    }
    for place in places(on, &snap)? {
        for holder in &holders {
            let given = given(holder.id, place.id, &snap)? & actions;
            if !given.is_empty() {
                held |= given;
                let said = describe(asker, principal, holder, on, &place)?;
                if !through.contains(&said) {
                    through.push(said);
                }
            }
        }
    }
    if !held.is_empty() {
        pgrx::notice!(
            "\"{}\" still holds {} there through {}",
            principal.name,
            words::words(held, &snap)?,
            through.join(", ")
        );
    }
    Ok(())
}

/// The principal and those whose grants reach it now.
fn holders(principal: &Principal, snap: &Snap) -> Result<Vec<Principal>> {
    let now = asker::now();
    let ids = docacl_core::graph::closure(principal.id, |at, out| {
        // A disabled role gives nothing and leads nowhere.
        if at == principal.id || facts::principal(at, snap)?.is_some_and(|p| p.enabled) {
            out.extend(
                facts::memberships_of(at, snap)?.iter().filter(|m| roles::period(m).holds_at(now)).map(|m| m.role),
            );
        }
        Ok::<(), ErrorReport>(())
    })?;
    let mut out = Vec::new();
    for id in ids {
        out.extend(facts::principal(id, snap)?.filter(|p| p.id == principal.id || p.enabled));
    }
    if principal.kind == PrincipalKind::User
        && let Some(account) = principal.account
    {
        out.extend(facts::built_in_role(account, "everyone", snap)?);
    }
    Ok(out)
}

/// The resources whose grants reach this one: itself, those it inherits from, and the `*` of the kinds among them.
fn places(on: &Resource, snap: &Snap) -> Result<Vec<Resource>> {
    let mut out = vec![on.clone()];
    let mut at = on.clone();
    loop {
        if at.kind != "document" && !at.is_star {
            out.extend(facts::star(at.account, &at.kind, snap)?.filter(|star| out.iter().all(|r| r.id != star.id)));
        }
        match at.parent {
            Some(parent) if at.inherits => match facts::resource(parent, snap)? {
                Some(parent) => {
                    out.push(parent.clone());
                    at = parent;
                }
                None => return Ok(out),
            },
            _ => return Ok(out),
        }
    }
}

fn given(principal: i64, resource: i64, snap: &Snap) -> Result<Actions> {
    let now = asker::now();
    Ok(grants::of_pair(principal, resource, snap)?
        .iter()
        .filter(|g| grants::period_of(g).holds_at(now))
        .fold(Actions::empty(), |all, g| all | Actions::from_bits_retain(g.actions)))
}

/// "role "Sales" on location "Europe"", without the names that the asker may not see.
fn describe(
    asker: &Asker,
    principal: &Principal,
    holder: &Principal,
    on: &Resource,
    place: &Resource,
) -> Result<String> {
    let who = if holder.id == principal.id {
        String::new()
    } else if holder.built_in.as_deref() == Some("everyone") {
        "everyone".to_owned()
    } else if asker.holds_on_account(Actions::MANAGE_ROLES)? {
        format!("role \"{}\"", holder.name)
    } else {
        "a role".to_owned()
    };
    let place = if place.id == on.id {
        String::new()
    } else if place.is_star || asker.sees(place)? {
        format!("{} \"{}\"", place.kind, place.name)
    } else {
        format!("a {} above it", place.kind)
    };
    Ok(match (who.as_str(), place.as_str()) {
        ("", "") => "a rule".to_owned(),
        ("", place) => place.to_owned(),
        (who, "") => who.to_owned(),
        (who, place) => format!("{who} on {place}"),
    })
}
