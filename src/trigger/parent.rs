//! Judging a row by its parent's, and whether its parent's row is there.

use docacl_core::Actions;
use docacl_core::parent::Asked;
use docacl_core::verdict::Verdict;
use pgrx::pg_sys;

use super::Site;
use super::tuple::{Column, Values, distinct};
use crate::bound::Bound;
use crate::error::{Result, denied, missing_reference, wrong_state};
use crate::protect::{Spec, parent};
use crate::scan::Snap;

/// The parent of the statement's table.
pub struct Parent {
    relation: pg_sys::Oid,
    name: String,
    pub asked: Asked,
    columns: Vec<Column>,
    /// Nothing but the parent's row decides.
    pub alone: bool,
}

impl Parent {
    /// Of a spec: 55000 where the parent is gone.
    pub fn of(spec: &Spec, columns: &[Column]) -> Result<Option<Parent>> {
        let Some(written) = &spec.parent else { return Ok(None) };
        let relation = written.oid().ok_or_else(|| {
            wrong_state(
                "the table whose rows decide this one's was renamed or dropped",
                "Protect the table again with acl_protect.",
            )
        })?;
        Ok(Some(Parent {
            relation,
            name: written.relation.clone(),
            asked: written.asked(),
            columns: columns.to_vec(),
            alone: !spec.decides(),
        }))
    }

    fn types(&self) -> Vec<pg_sys::Oid> {
        self.columns.iter().map(|c| c.ty).collect()
    }

    fn key(&self, values: &Values) -> Option<Vec<pg_sys::Datum>> {
        self.columns.iter().map(|c| values.get(*c)).collect()
    }

    /// What who is asking may do with the parent's row.
    pub fn verdict(&self, bound: &Bound, values: &Values, snap: &Snap) -> Result<Verdict> {
        parent::verdict_of_key(self.relation, &bound.ring, &self.types(), self.key(values).as_deref(), snap)
    }

    /// 42501 where the parent's row does not allow what the command asks.
    pub fn require(&self, actions: Actions, table: &str, bound: &Bound, values: &Values, snap: &Snap) -> Result<()> {
        if self.verdict(bound, values, snap)?.actions.contains(actions) { Ok(()) } else { Err(self.refusal(table)) }
    }

    /// 42501: it names the parent's table and nothing of its row.
    pub fn refusal(&self, table: &str) -> pgrx::pg_sys::panic::ErrorReport {
        denied(
            format!("permission denied on table \"{table}\": the parent's row does not allow it"),
            format!("What is asked of a row of table \"{table}\" is asked of its row in \"{}\".", self.name),
        )
    }

    /// Whether the row goes to another parent's row.
    pub fn moves(&self, old: &Values, new: &Values) -> bool {
        // SAFETY: values of the table's columns.
        self.columns.iter().any(|c| unsafe { distinct(*c, old, new) })
    }

    /// 23503 where the row refers to a parent's row that is not there.
    fn exists(&self, values: &Values) -> Result<()> {
        match self.key(values) {
            Some(key) if !parent::exists(self.relation, &self.types(), &key)? => Err(missing_reference(
                format!("the row refers to no row of table \"{}\" that exists", self.name),
                "Write the parent's row first, or correct the reference.",
            )),
            _ => Ok(()),
        }
    }
}

/// Checks the reference to the parent's row of a new row, or of one that moves.
pub fn check(site: &Site, old: Option<&Values>, new: &Values) -> Result<()> {
    match &site.parent {
        Some(parent) if old.is_none_or(|old| parent.moves(old, new)) => parent.exists(new),
        _ => Ok(()),
    }
}
