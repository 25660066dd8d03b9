//! The rows of docacl.grants: how they are added and closed. Nothing here asks whether somebody may.

use docacl_core::{Actions, kind as core_kind};

use super::asker;
use super::period::{self, Period};
use super::write;
use crate::error::Result;
use crate::facts::{self, Grant, Resource};
use crate::scan::Snap;

/// A grant to be made.
#[derive(Debug, Clone)]
pub struct New {
    /// To whom.
    pub principal: i64,
    /// On what.
    pub resource: i64,
    /// Of which account both are.
    pub account: i64,
    /// Which actions.
    pub actions: Actions,
    /// When.
    pub period: Period,
    /// Why, for people.
    pub note: Option<String>,
    /// It goes to who made the resource.
    pub creator: bool,
}

impl New {
    /// A grant without limits in time.
    pub fn on(principal: i64, resource: i64, account: i64, actions: Actions) -> New {
        New { principal, resource, account, actions, period: Period::ALWAYS, note: None, creator: false }
    }

    /// The same grant on another resource, as far as it applies there.
    pub fn copy(grant: &Grant, to: &Resource) -> New {
        let actions = Actions::from_bits_retain(grant.actions) & core_kind::applicable(&to.kind);
        New { period: period_of(grant), ..New::on(grant.principal, to.id, to.account, actions) }
    }
}

/// When a grant holds.
pub fn period_of(grant: &Grant) -> Period {
    Period { from: grant.valid_from, until: grant.valid_until }
}

/// Made by hand, or at a creation: what is revoked by hand.
pub fn by_hand(grant: &Grant) -> bool {
    matches!(grant.source.as_str(), "manual" | "creator")
}

/// The grants of a principal on a resource that are not over.
pub fn of_pair(principal: i64, resource: i64, snap: &Snap) -> Result<Vec<Grant>> {
    let now = asker::now();
    let mut out = facts::grants_on(resource, snap)?;
    out.retain(|g| g.principal == principal && !period_of(g).is_over(now));
    Ok(out)
}

/// Adds what of it is not held by hand already for all of the period; whether anything was.
pub fn give(new: &New, by: i64, snap: &Snap) -> Result<bool> {
    let held = of_pair(new.principal, new.resource, snap)?
        .iter()
        .filter(|g| by_hand(g) && period_of(g).covers(&new.period))
        .fold(Actions::empty(), |held, g| held | Actions::from_bits_retain(g.actions));
    let missing = New { actions: new.actions - held, ..new.clone() };
    // What is over already changes nothing for anybody.
    if missing.actions.is_empty() || missing.period.is_over(asker::now()) {
        return Ok(false);
    }
    insert(&missing, by)?;
    Ok(true)
}

/// Inserts a row.
pub fn insert(new: &New, by: i64) -> Result<()> {
    write::run(
        "INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions, valid_from, valid_until, source, note, granted_by, on_row)
         SELECT $1, $2, $3, $4, $5, $6, $7, $8, $9, r.kind = 'document' FROM docacl.resource r WHERE r.id = $3",
        &[
            new.account.into(),
            new.principal.into(),
            new.resource.into(),
            (new.actions.bits() as i64).into(),
            period::timestamp(new.period.from)?.into(),
            period::timestamp(new.period.until)?.into(),
            (if new.creator { "creator" } else { "manual" }).into(),
            new.note.as_deref().into(),
            by.into(),
        ],
    )
    .map(drop)
}

/// Ends these actions now, where they were granted by hand: rows are closed, and what else they gave goes on in
/// rows of the same period, source, note and origin. Whether any row was closed.
pub fn close(principal: i64, resource: i64, actions: Actions, by: i64) -> Result<bool> {
    let closed = write::id(
        "WITH closed AS (
             UPDATE docacl.grants SET revoked_at = now(), revoked_by = $4
             WHERE principal_id = $1 AND resource_id = $2 AND actions & $3 <> 0 AND revoked_at IS NULL
                 AND source IN ('manual', 'creator') AND (valid_until IS NULL OR valid_until > now())
             RETURNING *
         ), kept AS (
             INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions, valid_from, valid_until, source, note, granted_by, granted_at, on_row)
             SELECT account_id, principal_id, resource_id, actions & ~$3, valid_from, valid_until, source, note, granted_by, granted_at, on_row
             FROM closed WHERE actions & ~$3 <> 0
         )
         SELECT count(*) FROM closed",
        &[principal.into(), resource.into(), (actions.bits() as i64).into(), by.into()],
    )?;
    Ok(closed.is_some_and(|n| n > 0))
}

/// What a grant says for people.
pub fn note(grant: i64) -> Result<Option<String>> {
    write::text("SELECT note FROM docacl.grants WHERE id = $1", &[grant.into()])
}
