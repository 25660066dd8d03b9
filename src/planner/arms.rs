//! Which conditions row_check implies: by gates, by the row's own list, by the intray, by who requested it.
//!
//! A row that row_check lets through, for whomever it is not `system`,
//!
//! - has in every gate a reference that opens, or an own list that does, or none of both; or is his who requested it:
//!   one condition for each gate ([`Making::gate`]), so that the indexes of several may be combined;
//! - is engaged by some gate that opens, or by none, and then in its owner's intray; or is his who requested it: one
//!   condition for the row where each of its gates may be absent ([`Making::row`]).
//!
//! What "opens" is said for every sort of principal by `docacl.open_…` (src/open.rs): for an admin everything of his
//! account, whoever owns it. Each alternative begins with a plain call of `docacl.row_may_open` of a column that an
//! index has, so that the condition as such is true for every row, `system`'s too: only as an index condition does it
//! leave rows out.

use std::rc::Rc;

use docacl_core::Actions;
use pgrx::pg_sys;

use super::nodes::{self, Column, all_of, any_of, items};
use super::table::{Access, Table};
use super::{Call, Columns, Gate, MARK, MOST_GRANTS, MOST_ROWS, is_marked, ring};
use crate::error::Result;
use crate::open::{self, What};
use crate::ring::Ring;
use crate::scan::Snap;
use crate::shape::{By, Reference};
use crate::value::Type;

/// A call of row_check with the conditions that it implies beside it; none where they would be of no use.
///
/// # Safety
///
/// The planner's nodes: a call of row_check.
pub unsafe fn expand(
    root: *mut pg_sys::PlannerInfo,
    check: *mut pg_sys::FuncExpr,
) -> Result<Option<*mut pg_sys::Node>> {
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        if root.is_null() || is_marked((*check).args) {
            return Ok(None);
        }
        let Some(call) = Call::of((*check).args)? else { return Ok(None) };
        let Some(columns) = call.columns() else { return Ok(None) };
        let Some(at) = At::of(root, &columns) else { return Ok(None) };
        if !at.is_worth_it(&call) || at.is_expanded(check) {
            return Ok(None);
        }
        let types = [pg_sys::INT8OID, pg_sys::TEXTOID, pg_sys::ANYOID];
        let Some(function) = nodes::beside((*check).funcid, c"row_may_open", &types) else { return Ok(None) };
        let snap = Snap::statement();
        let Some(ring) = ring(&snap)?.filter(|r| !r.subject.admin) else { return Ok(None) };
        let table = Table::of((*at.entry).relid);
        if table.finds_one_row(at.varno, at.clauses()) {
            return Ok(None);
        }
        let wanted = call.wanted;
        let making = Making { call: &call, columns: &columns, wanted, function, snap, ring, table };
        let mut conditions = Vec::new();
        for gate in &columns.gates {
            conditions.extend(making.gate(gate)?);
        }
        if columns.gates.len() > 1 {
            conditions.extend(making.row()?);
        }
        if conditions.is_empty() {
            return Ok(None);
        }
        let marked = pg_sys::copyObjectImpl(check.cast()).cast::<pg_sys::FuncExpr>();
        mark(marked);
        conditions.insert(0, marked.cast());
        Ok(Some(all_of(conditions)))
    }
}

/// Expands one of several checks of the same row: one set of conditions is enough.
///
/// # Safety
///
/// The planner's nodes: calls of row_check.
pub unsafe fn expand_one(root: *mut pg_sys::PlannerInfo, checks: &mut [*mut pg_sys::Node]) -> Result<()> {
    for at in 0..checks.len() {
        // SAFETY: see above.
        unsafe {
            if let Some(expanded) = expand(root, checks[at].cast())? {
                checks.iter().for_each(|check| mark(check.cast()));
                checks[at] = expanded;
                break;
            }
        }
    }
    Ok(())
}

/// See [`MARK`].
unsafe fn mark(check: *mut pg_sys::FuncExpr) {
    // SAFETY: a call of row_check, the first argument of which is a constant.
    unsafe {
        for cell in items((*check).args).iter().take(1) {
            (*cell.ptr_value.cast::<pg_sys::Const>()).location = MARK;
        }
    }
}

/// Where in a query a check stands.
struct At {
    root: *mut pg_sys::PlannerInfo,
    varno: usize,
    entry: *mut pg_sys::RangeTblEntry,
}

impl At {
    /// Of a table that is read itself: a partitioned one's partitions are planned each for itself.
    unsafe fn of(root: *mut pg_sys::PlannerInfo, columns: &Columns<'_>) -> Option<At> {
        // SAFETY: the planner's nodes; a Var has an entry in the range table.
        unsafe {
            let varno = columns.varno()?;
            let entry: *mut pg_sys::RangeTblEntry =
                items((*(*root).parse).rtable).get(varno.checked_sub(1)?)?.ptr_value.cast();
            let kind = (*entry).relkind as u8;
            let read = (*entry).rtekind == pg_sys::RTEKind::RTE_RELATION
                && !(*entry).inh
                && (kind == pg_sys::RELKIND_RELATION || kind == pg_sys::RELKIND_MATVIEW);
            read.then_some(At { root, varno, entry })
        }
    }

    /// Not of a row that is written; not of what a statement reads that is going to change it: what may be changed is
    /// less, and stands beside it.
    unsafe fn is_worth_it(&self, call: &Call<'_>) -> bool {
        // SAFETY: the planner's nodes.
        unsafe {
            let query = &*(*self.root).parse;
            let target = query.resultRelation == self.varno as i32
                || pg_sys::bms_is_member(self.varno as i32, (*self.root).all_result_relids);
            let changes = matches!(query.commandType, pg_sys::CmdType::CMD_UPDATE | pg_sys::CmdType::CMD_DELETE);
            call.wanted != Actions::ADD && (!target || changes && call.wanted != Actions::READ)
        }
    }

    /// Whether another check of the same rows has its conditions already, or will: one set of them is enough.
    unsafe fn is_expanded(&self, check: *mut pg_sys::FuncExpr) -> bool {
        // SAFETY: the planner's nodes. A partition's conditions are made of its parent's, one by one, in their order.
        unsafe {
            let of_parent = self.of_parent();
            if let Some(parent) = of_parent {
                let first = items((*parent).baserestrictinfo)
                    .iter()
                    .map(|cell| (*cell.ptr_value.cast::<pg_sys::RestrictInfo>()).clause.cast::<pg_sys::FuncExpr>())
                    .find(|f| (**f).xpr.type_ == pg_sys::NodeTag::T_FuncExpr && (**f).funcid == (*check).funcid);
                return first.is_some_and(|first| {
                    let wanted = |f: *mut pg_sys::FuncExpr| items((*f).args).first().map(|cell| cell.ptr_value);
                    match (wanted(first), wanted(check)) {
                        (Some(a), Some(b)) => !pg_sys::equal(a, b),
                        _ => false,
                    }
                });
            }
            let policies = items((*self.entry).securityQuals).iter().flat_map(|cell| {
                let node = cell.ptr_value.cast::<pg_sys::Node>();
                if (*node).type_ == pg_sys::NodeTag::T_List { items(node.cast()) } else { &[] }
            });
            policies.map(|cell| cell.ptr_value.cast()).chain(self.clauses()).any(|node: *mut pg_sys::Node| {
                let other = node.cast::<pg_sys::FuncExpr>();
                !other.is_null()
                    && (*other).xpr.type_ == pg_sys::NodeTag::T_FuncExpr
                    && (*other).funcid == (*check).funcid
                    && is_marked((*other).args)
                    && items((*other).args)
                        .get(super::FIXED)
                        .and_then(|cell| Column::of(cell.ptr_value.cast()))
                        .is_some_and(|column| column.varno() == self.varno)
            })
        }
    }

    /// The relation of which this one is a child.
    unsafe fn of_parent(&self) -> Option<*mut pg_sys::RelOptInfo> {
        // SAFETY: the planner's arrays, there once it has looked at the relations.
        unsafe {
            let root = &*self.root;
            if root.simple_rel_array.is_null() || root.append_rel_array.is_null() {
                return None;
            }
            let info = (*root.append_rel_array.add(self.varno)).as_ref()?;
            let parent = *root.simple_rel_array.add(info.parent_relid as usize);
            (!parent.is_null()).then_some(parent)
        }
    }

    /// What the query asks of its rows in WHERE.
    unsafe fn clauses(&self) -> impl Iterator<Item = *mut pg_sys::Node> {
        // SAFETY: the planner's nodes; preprocessed conditions are a list.
        unsafe {
            let from = (*(*self.root).parse).jointree;
            let quals = if from.is_null() { std::ptr::null_mut() } else { (*from).quals };
            let list = !quals.is_null() && (*quals).type_ == pg_sys::NodeTag::T_List;
            let clauses = if list { items(quals.cast()) } else { &[] };
            clauses.iter().map(|cell| cell.ptr_value.cast())
        }
    }
}

/// What the conditions are made of.
struct Making<'a> {
    call: &'a Call<'a>,
    columns: &'a Columns<'a>,
    wanted: Actions,
    function: pg_sys::Oid,
    snap: Snap,
    ring: Rc<Ring>,
    table: Table,
}

/// One alternative: which part of the rows it finds, about.
struct Arm {
    node: *mut pg_sys::Node,
    part: f64,
}

impl Making<'_> {
    /// That a gate lets the row through.
    unsafe fn gate(&self, gate: &Gate<'_>) -> Result<Option<*mut pg_sys::Node>> {
        if gate.constant || gate.references.is_empty() {
            return Ok(None);
        }
        // SAFETY: the planner's nodes.
        unsafe {
            let Some(mut arms) = self.engaged(gate, true)? else { return Ok(None) };
            let Some(requested) = self.requested()? else { return Ok(None) };
            arms.extend(requested);
            if gate.may_be_absent(&self.table) {
                // The only gate: without it the row lies in an intray, or nowhere.
                let absent = if self.columns.gates.len() == 1 { self.intray()? } else { self.absent(gate).map(Some) };
                let Some(absent) = absent else { return Ok(None) };
                arms.extend(absent);
            }
            self.condition(arms, gate.references.first().map(|(column, _)| *column))
        }
    }

    /// That some gate is engaged that lets the row through, or none, and it lies in an intray.
    unsafe fn row(&self) -> Result<Option<*mut pg_sys::Node>> {
        if !self.columns.may_be_in_an_intray(&self.table) || self.columns.gates.iter().any(|g| g.references.is_empty())
        {
            return Ok(None);
        }
        // SAFETY: the planner's nodes.
        unsafe {
            let mut arms = Vec::new();
            for (at, gate) in self.columns.gates.iter().enumerate() {
                match self.engaged(gate, at == 0)? {
                    Some(some) => arms.extend(some),
                    None => return Ok(None),
                }
            }
            for more in [self.requested()?, self.intray()?] {
                match more {
                    Some(some) => arms.extend(some),
                    None => return Ok(None),
                }
            }
            self.condition(arms, None)
        }
    }

    /// The alternatives as one condition, where it finds few rows enough. `column`: that of the only one.
    unsafe fn condition(&self, arms: Vec<Arm>, column: Option<Column>) -> Result<Option<*mut pg_sys::Node>> {
        if arms.iter().map(|arm| arm.part).sum::<f64>() > MOST_ROWS {
            return Ok(None);
        }
        let mut nodes: Vec<_> = arms.into_iter().map(|arm| arm.node).collect();
        if let ([_], Some(column)) = (nodes.as_slice(), column)
            && self.table.access(column) != Access::First
        {
            // Behind a function PostgreSQL does not see that the condition is an array: it would read a hash without a
            // bitmap, and take the order of an index whose later column is scanned by one for granted. As one of two
            // alternatives it is asked of a bitmap only.
            // SAFETY: the planner's nodes.
            nodes.push(unsafe { self.call(&What::Nothing { nothing: true }, column)? });
        }
        Ok(Some(any_of(nodes)))
    }

    /// That one of a gate's references, or its own list, opens; `None` where no index tells, or too many open.
    unsafe fn engaged(&self, gate: &Gate<'_>, mut plain: bool) -> Result<Option<Vec<Arm>>> {
        // SAFETY: the planner's nodes.
        unsafe {
            let mut arms = Vec::new();
            for (column, reference) in &gate.references {
                match self.opens(*column, reference, plain)? {
                    Some(arm) => arms.push(arm),
                    None => return Ok(None),
                }
                plain = false;
            }
            if let Some(own) = gate.own {
                match self.arm(own, What::Lists { lists: true }, false)? {
                    Some(arm) => arms.push(arm),
                    None => return Ok(None),
                }
            }
            Ok(Some(arms))
        }
    }

    unsafe fn opens(&self, column: Column, reference: &Reference, plain: bool) -> Result<Option<Arm>> {
        match open::at_most(&self.ring, reference, self.wanted) {
            // SAFETY: the planner's nodes.
            Some(most) if most <= MOST_GRANTS => unsafe { self.arm(column, What::Resources(reference.clone()), plain) },
            _ => Ok(None),
        }
    }

    /// The alternative of whoever requested the row: none where it cannot help.
    unsafe fn requested(&self) -> Result<Option<Option<Arm>>> {
        let Some(column) = self.columns.requester else { return Ok(Some(None)) };
        // What decide() gives a requester.
        if !Actions::VIEW.union(Actions::EDIT).intersects(self.wanted) {
            return Ok(Some(None));
        }
        let requester = self.call.shape.requester.unwrap_or(By::Id);
        // SAFETY: the planner's nodes.
        Ok(unsafe { self.arm(column, What::Requester { requester }, false)? }.map(Some))
    }

    /// The alternative of a row without any gate: none where it has no owner.
    unsafe fn intray(&self) -> Result<Option<Option<Arm>>> {
        let Some(column) = self.columns.owner else { return Ok(Some(None)) };
        let owner = self.call.shape.owner.unwrap_or(By::Id);
        let what = What::Owner { owner };
        // SAFETY: the planner's nodes.
        unsafe {
            let all: Vec<Column> = self.columns.gates.iter().flat_map(Gate::all).collect();
            let indexed = self.table.access(column) > Access::None || all.iter().any(|c| self.table.finds_null(*c));
            if !indexed {
                return Ok(None);
            }
            let null = all.iter().map(|c| self.table.part_null(*c)).fold(1.0, f64::min);
            let Some(part) = self.part(column, &what)? else { return Ok(None) };
            let mut nodes: Vec<_> = all.iter().map(|c| c.is_null(true)).collect();
            nodes.push(self.call(&what, column)?);
            Ok(Some(Some(Arm { node: all_of(nodes), part: part.min(null) })))
        }
    }

    /// The alternative of a row without this gate.
    fn absent(&self, gate: &Gate<'_>) -> Option<Arm> {
        if !gate.all().any(|c| self.table.finds_null(c)) {
            return None;
        }
        let part = gate.all().map(|c| self.table.part_null(c)).fold(1.0, f64::min);
        Some(Arm { node: all_of(gate.all().map(|c| c.is_null(true)).collect()), part })
    }

    /// That a column has one of the values that open. `plain`: without a test that leaves rows out.
    unsafe fn arm(&self, column: Column, what: What, plain: bool) -> Result<Option<Arm>> {
        let access = self.table.access(column);
        if access == Access::None || plain && access == Access::Partial {
            return Ok(None);
        }
        let Some(part) = self.part(column, &what)? else { return Ok(None) };
        // SAFETY: the planner's nodes.
        let call = unsafe { self.call(&what, column)? };
        // What is left out of an index of part of the rows is mostly what is null.
        let node = if access == Access::Partial { all_of(vec![column.is_null(false), call]) } else { call };
        Ok(Some(Arm { node, part }))
    }

    /// `None`: more values open than a plan should list.
    fn part(&self, column: Column, what: &What) -> Result<Option<f64>> {
        let values = open::array(&self.ring, what, self.wanted, array_of(column.ty), &self.snap, false)?;
        Ok((values.len() <= open::MOST_SHARED).then(|| self.table.part(column, &values)))
    }

    /// `docacl.row_may_open(wanted, what, column)`.
    unsafe fn call(&self, what: &What, column: Column) -> Result<*mut pg_sys::Node> {
        // SAFETY: the planner's nodes; the function has this signature.
        unsafe { nodes::call(self.function, pg_sys::BOOLOID, self.wanted, what, Some(column)) }
    }
}

/// Which part of a table's rows has one of the values that open.
pub fn part(table: &Table, column: Column, what: &What, ring: &Ring, wanted: Actions, snap: &Snap) -> Result<f64> {
    let values = open::array(ring, what, wanted, array_of(column.ty), snap, false)?;
    Ok(table.part(column, &values))
}

/// The array that a column of this type is compared with.
pub fn array_of(ty: Type) -> open::Of {
    match ty {
        Type::Uuid => open::Of::Uuids,
        Type::Text => open::Of::Texts,
        _ => open::Of::Ints,
    }
}
