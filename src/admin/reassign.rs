//! What a user has handed over to another: for somebody who leaves, or changes places.

use pgrx::prelude::*;

use super::address::{self, given};
use super::asker::{self, Asker};
use super::{grants, roles, write};
use crate::error::{self, Result};
use crate::facts::{self, Principal};
use crate::scan::Snap;

#[pg_extern]
fn acl_reassign(from_user: Option<&str>, to_user: Option<&str>) -> Result<()> {
    let (from, to) = (given("from_user", from_user)?, given("to_user", to_user)?);
    let asker = Asker::somebody()?;
    // Whose a row is is changed by admins only; and this changes it.
    if !asker.is_admin()? {
        return Err(error::denied(
            "not allowed to hand over what a user has",
            "It needs the account's admin role: rows get another owner.",
        ));
    }
    let (from, to) = (address::user(&asker, from)?, address::user(&asker, to)?);
    if from.id == to.id {
        return Ok(());
    }
    if !asker::is_active(&to) {
        return Err(error::wrong_state(
            format!("\"{}\" is disabled or expired", to.name),
            "Enable the user first, or name another.",
        ));
    }
    let account = asker.account()?;
    roles::keeping_an_administrator(account, || {
        if roles::leads_to_admin(from.id, account, &Snap::latest())? {
            roles::refuse_read_only_below(to.id, &Snap::latest())?;
        }
        memberships(&from, &to, asker.id())?;
        granted(&from, &to, asker.id())?;
        write::as_owner(|| crate::protect::owners::hand_over(&from, &to))
    })
}

/// What follows a rule stays: the rule would make it again.
fn memberships(from: &Principal, to: &Principal, by: i64) -> Result<()> {
    write::run(
        "INSERT INTO docacl.membership (account_id, role_id, member_id, valid_from, valid_until, granted_by)
         SELECT m.account_id, m.role_id, $2, m.valid_from, m.valid_until, $3 FROM docacl.membership AS m
         WHERE m.member_id = $1 AND m.revoked_at IS NULL AND m.source IN ('manual', 'creator') AND (m.valid_until IS NULL OR m.valid_until > now())
             AND NOT EXISTS (SELECT FROM docacl.membership AS h
                 WHERE h.member_id = $2 AND h.role_id = m.role_id AND h.revoked_at IS NULL
                     AND coalesce(h.valid_from, '-infinity') <= greatest(coalesce(m.valid_from, '-infinity'), now())
                     AND coalesce(h.valid_until, 'infinity') >= coalesce(m.valid_until, 'infinity'))
         ORDER BY m.id",
        &[from.id.into(), to.id.into(), by.into()],
    )?;
    write::run(
        "UPDATE docacl.membership SET revoked_at = now(), revoked_by = $2
         WHERE member_id = $1 AND revoked_at IS NULL AND source IN ('manual', 'creator') AND (valid_until IS NULL OR valid_until > now())",
        &[from.id.into(), by.into()],
    )
    .map(drop)
}

fn granted(from: &Principal, to: &Principal, by: i64) -> Result<()> {
    let now = asker::now();
    let mut held = Vec::new();
    facts::grants_of(from.id, &Snap::fresh(), |g| held.push(g))?;
    held.retain(|g| grants::by_hand(g) && !grants::period_of(g).is_over(now));
    let (mut notes, mut copies) = (grants::notes(&held)?, Vec::new());
    for grant in &held {
        let resource =
            facts::resource(grant.resource, &Snap::fresh())?.ok_or_else(|| error::internal("a grant on nothing"))?;
        copies.push(grants::New {
            principal: to.id,
            note: notes.remove(&grant.id),
            ..grants::New::copy(grant, &resource)
        });
    }
    grants::give_all(&copies, by, &Snap::fresh())?;
    let ids: Vec<i64> = held.iter().map(|g| g.id).collect();
    write::run(
        "UPDATE docacl.grants SET revoked_at = now(), revoked_by = $2 WHERE id = ANY ($1) AND revoked_at IS NULL",
        &[ids.into(), by.into()],
    )
    .map(drop)
}
