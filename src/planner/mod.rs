//! What the planner is told of `docacl.row_check`: which part of the rows it lets through, and by which indexes the
//! rows are found that it can let through.
//!
//! Where who is asking sees few rows, row_check is planned as `row_check(…) AND (may_open(column) OR …) AND …`
//! ([`arms`]). `docacl.row_may_open` is true whatever it is called with; to the planner it implies an index condition
//! `column = ANY (docacl.open_…(wanted, what))` ([`condition`]). The array is made when the plan runs, for whoever runs
//! it, so that a plan may be shared; it is complete for everybody, or an error. So an index leaves out no row that
//! row_check lets through, row_check decides about each that is found, and where no index is used the conditions cost
//! nothing but on the rows that are shown.
//!
//! Nothing here decides about a row. Where something is unknown the planner is told nothing, and reads every row.

mod arms;
mod beside;
mod condition;
mod estimate;
mod nodes;
mod table;

use std::rc::Rc;

use docacl_core::{Actions, SubjectKind};
use pgrx::pg_sys;
use pgrx::prelude::*;

pub use arms::{expand, expand_one};
use nodes::Column;
pub use nodes::items;
use table::Table;

use crate::error::Result;
use crate::freshness;
use crate::ring::Ring;
use crate::scan::Snap;
use crate::shape::{Argument, Reference, Shape};

/// Arguments before the columns.
const FIXED: usize = 2;

/// A principal with more grants than this is not narrow: asking the index for each would cost more than the check.
const MOST_GRANTS: usize = 1000;

/// A gate that lets more than this part of the rows through is not asked of an index: the rows lie everywhere, and
/// the list has to be made at every execution.
const MOST_ROWS: f64 = 0.25;

/// What a condition costs the planner for a row, in operators. On most rows row_check alone is evaluated; the others,
/// being no cheaper, come after it. PostgreSQL adds bitmaps one by one, as long as each pays: at 1.5 it stopped at the
/// first where three together read a seventh of the pages (count(*) of a user who sees 0.45 % of a million rows).
const COST: f64 = 2.5;

/// Where a call of row_check that has its conditions beside it carries a mark: PostgreSQL simplifies what is in an AND
/// twice. The place in the query's text of a constant that has none; -1 says that it is unknown, and no place is less.
const MARK: i32 = -2;

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_row_check_support() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The support function of `docacl.row_check`.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_row_check_support(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the planner passes a request node; each is what its tag says.
    unsafe {
        let node = (*(*fcinfo).args.as_ptr()).value.cast_mut_ptr::<pg_sys::Node>();
        if node.is_null() {
            return pg_sys::Datum::from(0usize);
        }
        let answer = match (*node).type_ {
            pg_sys::NodeTag::T_SupportRequestSimplify => {
                let request = &*node.cast::<pg_sys::SupportRequestSimplify>();
                expand(request.root, request.fcall).map(|expanded| expanded.map_or(0, |node| node as usize))
            }
            pg_sys::NodeTag::T_SupportRequestSelectivity => {
                estimate::selectivity(&mut *node.cast::<pg_sys::SupportRequestSelectivity>())
                    .map(|known| if known { node as usize } else { 0 })
            }
            pg_sys::NodeTag::T_SupportRequestCost => {
                crate::handover::planned((*node.cast::<pg_sys::SupportRequestCost>()).funcid);
                Ok(if cost(&mut *node.cast::<pg_sys::SupportRequestCost>()) { node as usize } else { 0 })
            }
            _ => Ok(0),
        };
        match answer {
            Ok(pointer) => pg_sys::Datum::from(pointer),
            Err(e) => crate::check::raise(e),
        }
    }
}

/// A call with conditions beside it must not cost more than they do: see [`COST`].
unsafe fn cost(request: &mut pg_sys::SupportRequestCost) -> bool {
    // SAFETY: the planner's nodes.
    unsafe {
        let node = request.node.cast::<pg_sys::FuncExpr>();
        if node.is_null() || (*node).xpr.type_ != pg_sys::NodeTag::T_FuncExpr || !is_marked((*node).args) {
            return false;
        }
        (request.startup, request.per_tuple) = (0.0, COST * pg_sys::cpu_operator_cost);
        true
    }
}

unsafe fn is_marked(args: *mut pg_sys::List) -> bool {
    // SAFETY: the arguments of a call.
    unsafe {
        items(args).first().is_some_and(|cell| {
            let wanted = cell.ptr_value.cast::<pg_sys::Const>();
            (*wanted).xpr.type_ == pg_sys::NodeTag::T_Const && (*wanted).location == MARK
        })
    }
}

/// A call of row_check as it stands in a query.
struct Call<'a> {
    wanted: Actions,
    shape: Rc<Shape>,
    args: &'a [pg_sys::ListCell],
}

/// The columns of a gate.
struct Gate<'a> {
    /// That of its own list.
    own: Option<Column>,
    references: Vec<(Column, &'a Reference)>,
    /// A function that the table names keeps it engaged.
    constant: bool,
    required: bool,
}

/// The columns of a row.
struct Columns<'a> {
    gates: Vec<Gate<'a>>,
    owner: Option<Column>,
    requester: Option<Column>,
}

impl Call<'_> {
    unsafe fn of<'a>(args: *mut pg_sys::List) -> Result<Option<Call<'a>>> {
        // SAFETY: the arguments of a function call: a list of expressions.
        unsafe {
            let args = items(args);
            if args.len() <= FIXED {
                return Ok(None);
            }
            let constant = |at: usize| {
                let node = args[at].ptr_value.cast::<pg_sys::Const>();
                ((*node).xpr.type_ == pg_sys::NodeTag::T_Const && !(*node).constisnull).then(|| (*node).constvalue)
            };
            let (Some(wanted), Some(text)) = (constant(0), constant(1)) else { return Ok(None) };
            let shape = Shape::parse(crate::value::read_text(text)?.as_bytes())?;
            if shape.arguments().len() + FIXED != args.len() {
                return Ok(None);
            }
            Ok(Some(Call { wanted: Actions::from_bits_retain(wanted.value() as u64), shape, args }))
        }
    }

    /// The columns, where all arguments that matter are columns of one relation.
    unsafe fn columns(&self) -> Option<Columns<'_>> {
        let gates = self.shape.gates.iter();
        let mut out = Columns {
            gates: gates
                .map(|g| Gate { own: None, references: vec![], constant: !g.constant.is_empty(), required: g.required })
                .collect(),
            owner: None,
            requester: None,
        };
        let mut varno = None;
        for (cell, argument) in self.args.iter().skip(FIXED).zip(self.shape.arguments()) {
            if matches!(argument, Argument::Immutable | Argument::Deleted | Argument::DeletedBy) {
                continue;
            }
            // SAFETY: an argument is an expression.
            let column = unsafe { Column::of(cell.ptr_value.cast()) }.filter(|c| c.ty.is_key())?;
            if *varno.get_or_insert(column.varno()) != column.varno() {
                return None;
            }
            match argument {
                Argument::Own(g) => out.gates.get_mut(g)?.own = Some(column),
                Argument::Reference(g, r) => {
                    let reference = self.shape.gates.get(g)?.refs.get(r)?;
                    out.gates.get_mut(g)?.references.push((column, reference));
                }
                Argument::Owner => out.owner = Some(column),
                _ => out.requester = Some(column),
            }
        }
        Some(out)
    }
}

impl Columns<'_> {
    /// The relation's entry in the range table.
    fn varno(&self) -> Option<usize> {
        let gates = self.gates.iter().flat_map(|g| g.own.into_iter().chain(g.references.iter().map(|(c, _)| *c)));
        gates.chain(self.owner).chain(self.requester).next().map(Column::varno)
    }

    /// Whether a row may lie in its owner's intray: no gate engaged.
    fn may_be_in_an_intray(&self, table: &Table) -> bool {
        self.gates.iter().all(|gate| gate.may_be_absent(table))
    }
}

impl Gate<'_> {
    fn may_be_absent(&self, table: &Table) -> bool {
        !self.constant && !self.references.iter().any(|(column, _)| table.never_null(*column))
    }

    /// Its columns, each of which has to be null for it to be absent.
    fn all(&self) -> impl Iterator<Item = Column> {
        self.references.iter().map(|(column, _)| *column).chain(self.own)
    }
}

/// Who is asking, where grants and memberships say what he sees: no admin, system or nobody.
fn ring(snap: &Snap) -> Result<Option<Rc<Ring>>> {
    let Some(id) = freshness::session_principal(snap)? else { return Ok(None) };
    let ring = freshness::ring(id, snap)?;
    Ok(Some(ring).filter(|r| matches!(r.subject.kind, SubjectKind::User | SubjectKind::ApiKey)))
}
