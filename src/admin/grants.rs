//! The rows of docacl.grants: how they are added and closed. Nothing here asks whether somebody may.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

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
    let mut out = facts::grants_between(principal, resource, snap)?;
    out.retain(|g| !period_of(g).is_over(now));
    Ok(out)
}

/// Adds what of it is not held by hand already for all of the period; whether anything was.
pub fn give(new: &New, by: i64, snap: &Snap) -> Result<bool> {
    Ok(give_all(std::slice::from_ref(new), by, snap)? > 0)
}

/// Adds what of each is not held by hand already for all of its period, by one statement; how many grants that were.
pub fn give_all(all: &[New], by: i64, snap: &Snap) -> Result<usize> {
    let mut missing: Vec<New> = Vec::new();
    // By principal and resource: what is held by hand, and what of `all` comes to it.
    let mut pairs: HashMap<(i64, i64), Vec<(Period, Actions)>> = HashMap::new();
    for new in all {
        let pair = match pairs.entry((new.principal, new.resource)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let held = of_pair(new.principal, new.resource, snap)?;
                let by_hand = held.iter().filter(|g| by_hand(g));
                unknown.insert(by_hand.map(|g| (period_of(g), Actions::from_bits_retain(g.actions))).collect())
            }
        };
        let covers = pair.iter().filter(|(period, _)| period.covers(&new.period));
        let lacks = new.actions - covers.fold(Actions::empty(), |held, (_, actions)| held | *actions);
        // What is over already changes nothing for anybody.
        if !lacks.is_empty() && !new.period.is_over(asker::now()) {
            pair.push((new.period, lacks));
            missing.push(New { actions: lacks, ..new.clone() });
        }
    }
    insert(&missing, by)?;
    Ok(missing.len())
}

/// Inserts rows.
pub fn insert(all: &[New], by: i64) -> Result<()> {
    if all.is_empty() {
        return Ok(());
    }
    let bigints = |of: fn(&New) -> i64| all.iter().map(of).collect::<Vec<i64>>();
    let moments = |of: fn(&New) -> Option<facts::Moment>| {
        all.iter().map(|new| period::timestamp(of(new))).collect::<Result<Vec<_>>>()
    };
    write::run(
        "INSERT INTO docacl.grants (account_id, principal_id, resource_id, actions, valid_from, valid_until, source, note, granted_by, on_row)
         SELECT n.account_id, n.principal_id, n.resource_id, n.actions, n.valid_from, n.valid_until, n.source, n.note, $9, r.kind = 'document'
         FROM ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3), pg_catalog.unnest($4),
                         pg_catalog.unnest($5), pg_catalog.unnest($6), pg_catalog.unnest($7), pg_catalog.unnest($8)) WITH ORDINALITY
             AS n (account_id, principal_id, resource_id, actions, valid_from, valid_until, source, note, at)
         JOIN docacl.resource AS r ON r.id = n.resource_id ORDER BY n.at",
        &[
            bigints(|n| n.account).into(),
            bigints(|n| n.principal).into(),
            bigints(|n| n.resource).into(),
            bigints(|n| n.actions.bits() as i64).into(),
            moments(|n| n.period.from)?.into(),
            moments(|n| n.period.until)?.into(),
            all.iter().map(|n| if n.creator { "creator" } else { "manual" }).collect::<Vec<_>>().into(),
            all.iter().map(|n| n.note.clone()).collect::<Vec<_>>().into(),
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

/// What grants say for people, by their ids.
pub fn notes(grants: &[Grant]) -> Result<HashMap<i64, String>> {
    let ids: Vec<i64> = grants.iter().map(|g| g.id).collect();
    write::texts("SELECT id, note FROM docacl.grants WHERE id = ANY ($1) AND note IS NOT NULL", &[ids.into()])
}
