//! Members of roles.

use docacl_core::{Actions, graph};
use pgrx::prelude::*;

use super::address::{self, given};
use super::asker::{self, Asker};
use super::period::{self, Period};
use super::{roles, write};
use crate::error::{self, Result};
use crate::facts::{self, Principal, PrincipalKind};
use crate::scan::Snap;

/// A membership to be made.
pub struct Membership<'a> {
    /// In which role.
    pub role: &'a Principal,
    /// Who.
    pub member: &'a Principal,
    /// When.
    pub period: Period,
}

#[pg_extern]
fn acl_assign(
    role: Option<&str>,
    member: Option<&str>,
    valid_from: default!(Option<TimestampWithTimeZone>, "NULL"),
    valid_until: default!(Option<TimestampWithTimeZone>, "NULL"),
) -> Result<()> {
    let (role, member) = (given("role", role)?, given("member", member)?);
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_ROLES, "change memberships")?;
    let role = address::role(&asker, role)?;
    let member = address::principal(&asker, member)?;
    let period = Period::new(valid_from, valid_until)?;
    assign(&asker, &Membership { role: &role, member: &member, period })
}

#[pg_extern]
fn acl_unassign(role: Option<&str>, member: Option<&str>) -> Result<()> {
    let (role, member) = (given("role", role)?, given("member", member)?);
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::MANAGE_ROLES, "change memberships")?;
    let role = address::role(&asker, role)?;
    let member = address::principal(&asker, member)?;
    roles::may_change(&asker, &role, &asker.snap)?;
    let account = asker.account()?;
    let close = || {
        let closed = write::run(
            "UPDATE docacl.membership SET revoked_at = now(), revoked_by = $3
             WHERE role_id = $1 AND member_id = $2 AND revoked_at IS NULL AND source IN ('manual', 'creator')
                 AND (valid_until IS NULL OR valid_until > now())",
            &[role.id.into(), member.id.into(), asker.id().into()],
        )?;
        let rest = facts::memberships_of(member.id, &Snap::latest())?;
        // What is left and not over was not made by hand.
        let now = asker::now();
        if closed == 0 && rest.iter().any(|m| m.role == role.id && !roles::period(m).is_over(now)) {
            return Err(error::unsupported(
                format!("the membership in role \"{}\" follows a rule", role.name),
                "Change the data that the rule reads, or drop the rule.",
            ));
        }
        Ok(())
    };
    if roles::leads_to_admin(role.id, account, &asker.snap)? {
        roles::keeping_an_administrator(account, close)
    } else {
        close()
    }
}

/// Makes a member. No effect where he is one already for all of the period.
pub fn assign(asker: &Asker, new: &Membership) -> Result<()> {
    let (role, member) = (new.role, new.member);
    if member.kind == PrincipalKind::System {
        return Err(address::system_is_untouchable());
    }
    for principal in [role, member] {
        if principal.built_in.as_deref() == Some("everyone") {
            return Err(error::inconsistent(
                "everyone has no members and is a member of no role",
                "Every enabled user belongs to it by himself; grant to it directly, or use a default role.",
            ));
        }
    }
    let account = asker.account()?;
    roles::may_hand_out(asker, role, &asker.snap)?;
    // A member that is a role brings others along, whom somebody may be changing just now.
    let to_admin = roles::leads_to_admin(role.id, account, &Snap::latest())?;
    if member.kind == PrincipalKind::Role || to_admin {
        write::lock_structure(account)?;
    }
    let snap = Snap::latest();
    if member.kind == PrincipalKind::Role && would_cycle(role.id, member.id, &snap)? {
        return Err(error::inconsistent(
            format!("role \"{}\" would be a member of itself", role.name),
            "Roles may be members of roles as long as no role leads back to itself.",
        ));
    }
    if to_admin || roles::leads_to_admin(role.id, account, &snap)? {
        roles::refuse_read_only_below(member.id, &snap)?;
    }
    let now = asker::now();
    let held = facts::memberships_of(member.id, &snap)?;
    if held.iter().any(|m| m.role == role.id && !roles::period(m).is_over(now) && roles::period(m).covers(&new.period))
    {
        return Ok(());
    }
    write::run(
        "INSERT INTO docacl.membership (account_id, role_id, member_id, valid_from, valid_until, granted_by)
         VALUES ($1, $2, $3, $4, $5, $6)",
        &[
            account.into(),
            role.id.into(),
            member.id.into(),
            period::timestamp(new.period.from)?.into(),
            period::timestamp(new.period.until)?.into(),
            asker.id().into(),
        ],
    )
    .map(drop)
}

fn would_cycle(role: i64, member: i64, snap: &Snap) -> Result<bool> {
    graph::membership_would_cycle(role, member, |at, out| {
        out.extend(facts::memberships_of(at, snap)?.iter().map(|m| m.role));
        Ok(())
    })
}
