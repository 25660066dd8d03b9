//! The row as it stands, judged by what is granted now as well.
//!
//! In READ COMMITTED a row may have been waited for between the policy and this trigger: where its holder only locked
//! it, PostgreSQL asks the policy no second time, and where he changed it the policy only knows that some action is left,
//! not which. So whoever lost a right while he waited would use it once more.

use std::cell::RefCell;

use docacl_core::parent::below;
use docacl_core::verdict::{Rule, Verdict};
use pgrx::pg_sys;

use super::tuple::{Column, Values};
use super::{BoundRow, Site};
use crate::bound::Bound;
use crate::check::completed_transactions;
use crate::error::Result;
use crate::freshness;
use crate::scan::Snap;
use crate::value::Type;

/// The row's shape bound to what is granted at some moment after the statement began.
pub struct Now {
    bound: Bound,
    /// How many transactions had completed before that moment.
    completed: u64,
}

/// Where a statement keeps it.
pub type Latest = RefCell<Option<Now>>;

fn by(site: &Site, bound: &Bound, old: &Values, snap: &Snap) -> Result<Verdict> {
    match &site.parent {
        Some(parent) if parent.alone => Ok(below(None, parent.verdict(bound, old, snap)?, &parent.asked)),
        _ => Ok(bound.verdict(&old.row(&site.columns.shape), snap)?.of_updated(site.mapped)),
    }
}

/// What may be done with a row that exists.
pub fn verdict(site: &Site, bound: &BoundRow, old: &Values, snap: &Snap) -> Result<Verdict> {
    let then = by(site, &bound.old, old, snap)?;
    // SAFETY: a plain read of backend state. Later levels refuse a row that changed after their snapshot.
    if then.actions.is_empty() || unsafe { pg_sys::XactIsoLevel } >= pg_sys::XACT_REPEATABLE_READ as i32 {
        return Ok(then);
    }
    // Read before the snapshot is taken: reading it too early costs a look, never a wrong answer.
    let completed = completed_transactions();
    if site.latest.borrow().as_ref().is_none_or(|now| now.completed != completed) {
        let ring = freshness::ring_now(bound.old.ring.id, completed)?;
        let types: Vec<Type> = site.columns.shape.iter().map(|c: &Column| Type::of(c.ty)).collect();
        let bound = Bound::new(ring, bound.old.shape.clone(), &types, &Snap::latest())?;
        *site.latest.borrow_mut() = Some(Now { bound, completed });
    }
    match site.latest.borrow().as_ref() {
        Some(latest) => Ok(both(then, by(site, &latest.bound, old, &Snap::latest())?)),
        None => Ok(Verdict { actions: docacl_core::Actions::empty(), ..then }),
    }
}

/// What may be done with a new row that is a resource itself and has just been made: by what is held on it by now.
pub fn verdict_as_made(site: &Site, bound: &BoundRow, values: &Values) -> Result<Verdict> {
    let ring = freshness::ring_now(bound.new.ring.id, completed_transactions())?;
    let types: Vec<Type> = site.columns.new_shape.iter().map(|c: &Column| Type::of(c.ty)).collect();
    let snap = Snap::latest();
    Bound::new(ring, bound.new.shape.clone(), &types, &snap)?.verdict(&values.row(&site.columns.new_shape), &snap)
}

/// What was allowed then and is allowed now; an administrator only who was one and still is.
fn both(then: Verdict, now: Verdict) -> Verdict {
    let told = if matches!(now.rule, Rule::Admin | Rule::System) { then } else { now };
    Verdict { actions: then.actions & now.actions, ..told }
}
