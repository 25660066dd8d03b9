//! How roles hang together: who leads to the admin role, who is below a role, and whether an account keeps an
//! administrator. Read under [`Snap::latest`] after [`super::write::lock_structure`] where two sessions could
//! otherwise undo each other's check.

use docacl_core::{Actions, graph};

use super::asker::{self, Asker};
use super::period::Period;
use crate::error::{self, Result};
use crate::facts::{self, Membership, Principal, PrincipalKind};
use crate::scan::Snap;

fn still_counts(membership: &Membership) -> bool {
    !period(membership).is_over(asker::now())
}

/// When a membership holds.
pub fn period(membership: &Membership) -> Period {
    Period { from: membership.valid_from, until: membership.valid_until }
}

/// The principal and all roles that it belongs to, now or later, enabled or not.
pub fn roles_of(principal: i64, snap: &Snap) -> Result<Vec<i64>> {
    graph::closure(principal, |at, out| {
        out.extend(facts::memberships_of(at, snap)?.iter().filter(|m| still_counts(m)).map(|m| m.role));
        Ok(())
    })
}

/// The role and all principals that belong to it, now or later, enabled or not.
pub fn members_below(role: i64, snap: &Snap) -> Result<Vec<i64>> {
    graph::closure(role, |at, out| {
        out.extend(facts::members_of(at, snap)?.iter().filter(|m| still_counts(m)).map(|m| m.member));
        Ok(())
    })
}

/// The admin role of an account.
pub fn admin_role(account: i64, snap: &Snap) -> Result<Principal> {
    facts::built_in_role(account, "administrators", snap)?
        .ok_or_else(|| error::internal("an account without its admin role"))
}

/// Whether the principal is the admin role or belongs to it, however indirectly.
pub fn leads_to_admin(principal: i64, account: i64, snap: &Snap) -> Result<bool> {
    Ok(roles_of(principal, snap)?.contains(&admin_role(account, snap)?.id))
}

/// Refuses unless the asker may hand out this role: one that leads to the admin role only an admin, one that carries
/// actions of administration only who holds those.
pub fn may_hand_out(asker: &Asker, role: &Principal, snap: &Snap) -> Result<()> {
    if asker.is_admin()? {
        return Ok(());
    }
    let refused = |hint: &str| Err(error::denied(format!("not allowed to hand out role \"{}\"", role.name), hint));
    let roles = roles_of(role.id, snap)?;
    if roles.contains(&admin_role(asker.account()?, snap)?.id) {
        return refused("Only an administrator hands out the admin role or a role that leads to it.");
    }
    if carries_more(asker, &roles, snap)? {
        return refused("It carries an action of administration that you do not hold.");
    }
    Ok(())
}

/// Whether one of these principals was granted, now or later, an action of administration that the asker does not hold.
fn carries_more(asker: &Asker, principals: &[i64], snap: &Snap) -> Result<bool> {
    for principal in principals {
        let mut carried = Vec::new();
        facts::administration_of(*principal, snap, |g| carried.push(g))?;
        for grant in carried {
            if let Some(resource) = facts::resource(grant.resource, snap)?
                && !asker.may_hand_on(Actions::from_bits_retain(grant.actions), &resource)?
            {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Refuses unless the asker may say who this user is and whether he may log in: whoever sets another's e-mail can
/// become him, so an action of administration that the asker does not hold keeps him out, as in [`may_hand_out`].
pub fn may_take_over(asker: &Asker, user: &Principal, snap: &Snap) -> Result<()> {
    if asker.is_admin()? || user.id == asker.id() || !carries_more(asker, &roles_of(user.id, snap)?, snap)? {
        return Ok(());
    }
    Err(error::denied(
        format!("not allowed to change \"{}\"", user.name),
        "The user holds an action of administration that you do not hold.",
    ))
}

/// Refuses unless the asker may change this principal: an admin, where it belongs to the admin role.
pub fn may_change(asker: &Asker, principal: &Principal, snap: &Snap) -> Result<()> {
    if asker.is_admin()? || !leads_to_admin(principal.id, asker.account()?, snap)? {
        return Ok(());
    }
    Err(error::denied(
        format!("not allowed to change \"{}\"", principal.name),
        "Only an administrator changes the admin role or a member of it.",
    ))
}

/// Refuses a read-only user in the admin role: `member` or anybody below it.
pub fn refuse_read_only_below(member: i64, snap: &Snap) -> Result<()> {
    for below in members_below(member, snap)? {
        if facts::principal(below, snap)?.is_some_and(|p| p.read_only) {
            return Err(error::inconsistent(
                "a read-only user cannot be put in an admin role",
                "Make the user an ordinary one first: acl_alter_user(…, read_only => false).",
            ));
        }
    }
    Ok(())
}

/// How many enabled users an account's admin role has now.
fn administrators(account: i64, snap: &Snap) -> Result<usize> {
    let now = asker::now();
    let reached = graph::closure(admin_role(account, snap)?.id, |at, out| {
        // What lies behind a disabled role does not count, and nobody is a member of a user.
        if facts::principal(at, snap)?.is_some_and(|p| p.kind == PrincipalKind::Role && p.enabled) {
            out.extend(facts::members_of(at, snap)?.iter().filter(|m| period(m).holds_at(now)).map(|m| m.member));
        }
        Ok(())
    })?;
    let mut count = 0;
    for id in reached {
        if facts::principal(id, snap)?.is_some_and(|p| p.kind == PrincipalKind::User && asker::is_active(&p)) {
            count += 1;
        }
    }
    Ok(count)
}

/// Does something that may take an administrator away, and refuses it where it took the last one. The error undoes it.
pub fn keeping_an_administrator<T>(account: i64, change: impl FnOnce() -> Result<T>) -> Result<T> {
    super::write::lock_structure(account)?;
    let before = administrators(account, &Snap::latest())?;
    let done = change()?;
    if before > 0 && administrators(account, &Snap::latest())? == 0 {
        return Err(error::wrong_state(
            "the last enabled administrator of an account cannot be removed",
            "Put another enabled user in the admin role first.",
        ));
    }
    Ok(done)
}
