//! Which part of the rows row_check lets through: the product of its gates', as far as they are known, with what the
//! row's own list and its requester add.

use docacl_core::{Actions, SubjectKind};
use pgrx::pg_sys;

use super::arms::part;
use super::beside::beside;
use super::nodes::items;
use super::table::Table;
use super::{Call, Columns, Gate, MOST_GRANTS, ring};
use crate::error::Result;
use crate::open::{self, What};
use crate::ring::Ring;
use crate::scan::Snap;
use crate::shape::By;

/// Given the other checks of the same row that were counted before.
///
/// # Safety
///
/// A request of the planner's.
pub unsafe fn selectivity(request: &mut pg_sys::SupportRequestSelectivity) -> Result<bool> {
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        if request.is_join {
            return Ok(false);
        }
        let Some(call) = Call::of(request.args)? else { return Ok(false) };
        let Some(columns) = call.columns() else { return Ok(false) };
        let Some(varno) = columns.varno() else { return Ok(false) };
        let rel = *(*request.root).simple_rel_array.add(varno);
        let entry = *(*request.root).simple_rte_array.add(varno);
        if rel.is_null() || entry.is_null() || (*entry).rtekind != pg_sys::RTEKind::RTE_RELATION {
            return Ok(false);
        }
        let table = Table::of((*entry).relid);
        let clause = |cell: &pg_sys::ListCell| (*cell.ptr_value.cast::<pg_sys::RestrictInfo>()).clause.cast();
        if table.finds_one_row(varno, items((*rel).baserestrictinfo).iter().map(clause)) {
            return Ok(false);
        }
        let snap = Snap::statement();
        let Some(ring) = ring(&snap)? else { return Ok(false) };
        let rows = |wanted| Estimate { call: &call, columns: &columns, table: &table, ring: &ring, wanted }.rows(&snap);
        let Some(mut part) = rows(call.wanted)? else { return Ok(false) };
        let mut before = 1.0_f64;
        for other in beside(rel, request.funcid, request.args).before {
            before = before.min(rows(other)?.unwrap_or(1.0));
        }
        if before < 1.0 {
            part = if part >= before { 1.0 } else { part / before };
        }
        request.selectivity = part.clamp(0.0, 1.0);
        Ok(true)
    }
}

struct Estimate<'a> {
    call: &'a Call<'a>,
    columns: &'a Columns<'a>,
    table: &'a Table,
    ring: &'a Ring,
    wanted: Actions,
}

impl Estimate<'_> {
    fn rows(&self, snap: &Snap) -> Result<Option<f64>> {
        if self.ring.subject.admin {
            return Ok(Some(1.0));
        }
        let mut known = None;
        // A row that no gate engages is its owner's alone, so the rows of all gates together are the most.
        let mut engaged = Some(0.0);
        for gate in &self.columns.gates {
            let part = self.engaged(gate, snap)?;
            if let Some(part) = part {
                let part = (part + self.absent(gate)).min(1.0);
                known = Some(known.unwrap_or(1.0) * part);
            }
            engaged = part.zip(engaged).map(|(part, sum)| part + sum);
        }
        let Some(mut part) = known else { return Ok(None) };
        if let Some(engaged) = engaged.filter(|_| self.columns.may_be_in_an_intray(self.table)) {
            part = part.min(engaged + self.intray(snap)?);
        }
        if let Some(column) = self.columns.requester {
            let what = What::Requester { requester: self.call.shape.requester.unwrap_or(By::Id) };
            part += self.part(column, &what, snap)?;
        }
        Ok(Some(part.min(1.0)))
    }

    /// Which part of the rows has a reference in a gate, or an own list, that opens.
    fn engaged(&self, gate: &Gate<'_>, snap: &Snap) -> Result<Option<f64>> {
        if gate.constant || gate.references.is_empty() {
            return Ok(None);
        }
        let mut sum = 0.0;
        for (column, reference) in &gate.references {
            sum += match open::at_most(self.ring, reference, self.wanted) {
                None => 1.0 - self.table.part_null(*column),
                Some(most) if most <= MOST_GRANTS => {
                    self.part(*column, &What::Resources((*reference).clone()), snap)?
                }
                Some(_) => return Ok(None),
            };
        }
        if let Some(own) = gate.own {
            sum += self.part(own, &What::Lists { lists: true }, snap)?;
        }
        Ok(Some(sum))
    }

    /// Which part of the rows a gate has no say in.
    fn absent(&self, gate: &Gate<'_>) -> f64 {
        if gate.required || !gate.may_be_absent(self.table) {
            return 0.0;
        }
        gate.all().map(|c| self.table.part_null(c)).fold(1.0, f64::min)
    }

    /// Which part of the rows lies in his intray.
    fn intray(&self, snap: &Snap) -> Result<f64> {
        let Some(column) = self.columns.owner.filter(|_| self.ring.subject.kind == SubjectKind::User) else {
            return Ok(0.0);
        };
        let null = self.columns.gates.iter().flat_map(Gate::all).map(|c| self.table.part_null(c)).fold(1.0, f64::min);
        let owner = self.call.shape.owner.unwrap_or(By::Id);
        Ok(null.min(self.part(column, &What::Owner { owner }, snap)?))
    }

    fn part(&self, column: super::Column, what: &What, snap: &Snap) -> Result<f64> {
        part(self.table, column, what, self.ring, self.wanted, snap)
    }
}
