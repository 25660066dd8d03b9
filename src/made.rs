//! Rows that are resources themselves (src/trigger/itself.rs): which of them the running statements have made, so that the
//! policies of the same statement, whose snapshot is older, know of them.
//!
//! A statement is known by the memory context of its execution, as in src/trigger/moving.rs: what it has made is forgotten
//! with it, however it ends.

use std::cell::RefCell;
use std::collections::HashSet;

use pgrx::pg_sys;

struct Made {
    execution: usize,
    relation: pg_sys::Oid,
    kind: String,
    keys: HashSet<String>,
}

thread_local! {
    static MADE: RefCell<Vec<Made>> = const { RefCell::new(Vec::new()) };
}

/// A statement has made the resource that a row of a table is.
pub fn note(execution: usize, relation: pg_sys::Oid, kind: &str, key: String) {
    MADE.with_borrow_mut(|made| {
        let same = |m: &&mut Made| m.execution == execution && m.relation == relation && m.kind == kind;
        if let Some(known) = made.iter_mut().find(same) {
            known.keys.insert(key);
        } else {
            made.push(Made { execution, relation, kind: kind.to_owned(), keys: HashSet::from([key]) });
        }
    });
}

/// The statement ended.
pub fn forget(execution: usize) {
    MADE.with_borrow_mut(|made| made.retain(|m| m.execution != execution));
}

/// Whether a statement has made any.
pub fn any(execution: usize) -> bool {
    MADE.with_borrow(|made| made.iter().any(|m| m.execution == execution))
}

/// Whether a statement has made one of these kinds with this key.
pub fn has(execution: usize, kinds: &[String], key: &str) -> bool {
    MADE.with_borrow(|made| {
        made.iter().any(|m| m.execution == execution && kinds.contains(&m.kind) && m.keys.contains(key))
    })
}

/// The keys of what the running statements have made of a table's rows.
pub fn of(relation: pg_sys::Oid, kind: &str) -> Vec<String> {
    MADE.with_borrow(|made| {
        made.iter().filter(|m| m.relation == relation && m.kind == kind).flat_map(|m| m.keys.iter().cloned()).collect()
    })
}
