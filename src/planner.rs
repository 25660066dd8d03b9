//! What the planner is told of `docacl.row_check`: which part of the rows it lets through, and which index condition
//! it implies.
//!
//! The condition is `column = ANY (docacl.open_…(wanted, reference))`, lossy: the check itself still runs on every row
//! that the index finds. The array is made when the plan runs, for whoever runs it, so a plan may be shared. It is
//! offered only where it leaves out no row that the check would let through, for any principal:
//!
//! - the column is NOT NULL (an absent reference is neutral) and the gate's only reference;
//! - the gate has neither an own list, which opens beside the location, nor a constant;
//! - the table has no requester, who passes every gate.
//!
//! It is offered for the first column of a btree only: behind a function PostgreSQL does not see that the condition
//! is an array, and would take the order of an index whose later column is scanned by one for granted.
//!
//! Nothing here decides about a row. Where something is unknown the planner is told nothing, and reads every row.

use std::rc::Rc;

use docacl_core::{Actions, SubjectKind};
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::beside::beside;
use crate::error::Result;
use crate::freshness;
use crate::open::{self, Of};
use crate::ring::Ring;
use crate::scan::Snap;
use crate::shape::{Argument, Reference, Shape};
use crate::value::Type;

/// Arguments before the columns.
const FIXED: usize = 2;

/// A principal with more grants than this is not narrow: asking the index for each would cost more than the check.
const MOST_GRANTS: usize = 1000;

/// A gate that lets more than this part of the rows through is not asked of an index: the rows lie everywhere, and
/// the list has to be made at every execution.
const MOST_ROWS: f64 = 0.25;

/// Up to so many references are looked up in the statistics one by one; of more, each counts like the average.
const MOST_LOOKED_UP: usize = 64;

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
            pg_sys::NodeTag::T_SupportRequestIndexCondition => {
                condition(&mut *node.cast::<pg_sys::SupportRequestIndexCondition>())
                    .map(|c| c.map_or(0, |list| list as usize))
            }
            pg_sys::NodeTag::T_SupportRequestSelectivity => {
                selectivity(&mut *node.cast::<pg_sys::SupportRequestSelectivity>())
                    .map(|known| if known { node as usize } else { 0 })
            }
            _ => Ok(0),
        };
        match answer {
            Ok(pointer) => pg_sys::Datum::from(pointer),
            Err(e) => crate::check::raise(e),
        }
    }
}

/// A call of row_check as it stands in a query.
struct Call<'a> {
    wanted: Actions,
    shape: Rc<Shape>,
    args: &'a [pg_sys::ListCell],
}

/// A gate that one column alone speaks for.
struct Gate<'a> {
    reference: &'a Reference,
    var: *mut pg_sys::Var,
    ty: Type,
}

impl Call<'_> {
    unsafe fn of<'a>(args: *mut pg_sys::List) -> Result<Option<Call<'a>>> {
        // SAFETY: the arguments of a function call: a list of expressions.
        unsafe {
            if args.is_null() || (*args).length <= FIXED as i32 {
                return Ok(None);
            }
            let args = std::slice::from_raw_parts((*args).elements, (*args).length as usize);
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

    /// The gate whose only reference this argument is.
    unsafe fn gate(&self, at: usize) -> Option<Gate<'_>> {
        let Some(Argument::Reference(g, 0)) = self.shape.arguments().get(at.checked_sub(FIXED)?).copied() else {
            return None;
        };
        let gate = self.shape.gates.get(g)?;
        let [reference] = gate.refs.as_slice() else { return None };
        if gate.own || !gate.constant.is_empty() {
            return None;
        }
        // SAFETY: an argument is an expression; only a plain column of this query level is a Var at its top.
        unsafe {
            let var = self.args.get(at)?.ptr_value.cast::<pg_sys::Var>();
            if (*var).xpr.type_ != pg_sys::NodeTag::T_Var || (*var).varlevelsup != 0 || (*var).varattno <= 0 {
                return None;
            }
            let ty = Type::of((*var).vartype);
            ty.is_key().then_some(Gate { reference, var, ty })
        }
    }
}

/// How many of a gate's references open.
enum Width {
    /// Few enough to list.
    Few(Rc<Ring>),
    /// All of them.
    All,
    Unknown,
}

/// How many of a gate's references open for who is asking.
fn width(reference: &Reference, wanted: Actions, snap: &Snap) -> Result<Width> {
    let Some(id) = freshness::session_principal(snap)? else { return Ok(Width::Unknown) };
    let ring = freshness::ring(id, snap)?;
    Ok(match open::at_most(&ring, reference, wanted) {
        None if ring.subject.kind != SubjectKind::Nobody => Width::All,
        Some(most) if most <= MOST_GRANTS => Width::Few(ring),
        _ => Width::Unknown,
    })
}

fn array_of(ty: Type) -> (Of, pg_sys::Oid, pg_sys::Oid, &'static std::ffi::CStr) {
    match ty {
        Type::Uuid => (Of::Uuids, pg_sys::UUIDOID, pg_sys::UUIDARRAYOID, c"open_uuids"),
        Type::Text => (Of::Texts, pg_sys::TEXTOID, pg_sys::TEXTARRAYOID, c"open_texts"),
        _ => (Of::Ints, pg_sys::INT8OID, pg_sys::INT8ARRAYOID, c"open_ids"),
    }
}

/// The index condition that the check implies.
unsafe fn condition(request: &mut pg_sys::SupportRequestIndexCondition) -> Result<Option<*mut pg_sys::List>> {
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        let node = request.node.cast::<pg_sys::FuncExpr>();
        if (*node).xpr.type_ != pg_sys::NodeTag::T_FuncExpr
            || request.indexcol != 0
            || (*request.index).relam != pg_sys::BTREE_AM_OID
        {
            return Ok(None);
        }
        let Some(call) = Call::of((*node).args)? else { return Ok(None) };
        let Some(gate) = call.gate(request.indexarg as usize) else { return Ok(None) };
        if call.shape.requester.is_some()
            || !never_null(request.root, (*request.index).rel, gate.var)
            || finds_one_row((*request.index).rel)
        {
            return Ok(None);
        }
        let snap = Snap::statement();
        let rel = (*request.index).rel;
        let asked = |wanted| match width(gate.reference, wanted, &snap)? {
            Width::Few(ring) => part(request.root, rel, &gate, &ring, wanted, &snap).map(Some),
            _ => Ok(None),
        };
        let Some(rows) = asked(call.wanted)?.filter(|rows| *rows <= MOST_ROWS) else { return Ok(None) };
        // Of several checks of the same row, the one that finds the fewest: the index would go through each list for
        // every entry of the others.
        let others = beside(rel, (*node).funcid, (*node).args);
        for (others, wins) in [(others.before, false), (others.after, true)] {
            for other in others {
                if asked(other)?.is_some_and(|other| other < rows || !wins && other <= rows) {
                    return Ok(None);
                }
            }
        }
        let (_, element, array, name) = array_of(gate.ty);
        let left = if gate.ty == Type::Text { pg_sys::TEXTOID } else { (*gate.var).vartype };
        let equal = pg_sys::get_opfamily_member(request.opfamily, left, element, pg_sys::BTEqualStrategyNumber as i16);
        let function = open_function(request.funcid, name);
        if equal == pg_sys::Oid::INVALID || function == pg_sys::Oid::INVALID {
            return Ok(None);
        }
        let reference = serde_json::to_string(gate.reference).map_err(|e| crate::error::internal(e.to_string()))?;
        let mut arguments = std::ptr::null_mut();
        for constant in [
            pg_sys::makeConst(
                pg_sys::INT8OID,
                -1,
                pg_sys::Oid::INVALID,
                8,
                pg_sys::Datum::from(call.wanted.bits() as i64),
                false,
                true,
            ),
            pg_sys::makeConst(
                pg_sys::TEXTOID,
                -1,
                pg_sys::DEFAULT_COLLATION_OID,
                -1,
                reference.into_datum().unwrap_or(pg_sys::Datum::from(0usize)),
                false,
                false,
            ),
        ] {
            arguments = pg_sys::lappend(arguments, constant.cast());
        }
        let values = pg_sys::makeFuncExpr(
            function,
            array,
            arguments,
            if gate.ty == Type::Text { pg_sys::DEFAULT_COLLATION_OID } else { pg_sys::Oid::INVALID },
            pg_sys::DEFAULT_COLLATION_OID,
            pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
        );
        let clause = any(gate.var, gate.ty, equal, request.indexcollation, values.cast());
        request.lossy = true;
        Ok(Some(pg_sys::lappend(std::ptr::null_mut(), clause.cast())))
    }
}

/// `column = ANY (values)`.
unsafe fn any(
    var: *mut pg_sys::Var,
    ty: Type,
    equal: pg_sys::Oid,
    collation: pg_sys::Oid,
    values: *mut pg_sys::Node,
) -> *mut pg_sys::ScalarArrayOpExpr {
    // SAFETY: nodes of the planner's memory.
    unsafe {
        let mut column: *mut pg_sys::Node = pg_sys::copyObjectImpl(var.cast()).cast();
        if ty == Type::Text && (*var).vartype != pg_sys::TEXTOID {
            column = pg_sys::makeRelabelType(
                column.cast(),
                pg_sys::TEXTOID,
                -1,
                (*var).varcollid,
                pg_sys::CoercionForm::COERCE_IMPLICIT_CAST,
            )
            .cast();
        }
        let clause = pg_sys::palloc0(size_of::<pg_sys::ScalarArrayOpExpr>()).cast::<pg_sys::ScalarArrayOpExpr>();
        (*clause).xpr.type_ = pg_sys::NodeTag::T_ScalarArrayOpExpr;
        (*clause).opno = equal;
        (*clause).opfuncid = pg_sys::get_opcode(equal);
        (*clause).useOr = true;
        (*clause).inputcollid = collation;
        (*clause).location = -1;
        (*clause).args = pg_sys::lappend(pg_sys::lappend(std::ptr::null_mut(), column.cast()), values.cast());
        clause
    }
}

/// A function beside row_check in docacl's own schema, where only the extension's owner makes functions. By the
/// catalogue's cache: a look-up by name would ask for a right on the schema that users need not have.
unsafe fn open_function(beside: pg_sys::Oid, name: &std::ffi::CStr) -> pg_sys::Oid {
    // SAFETY: a look-up by name, argument types and schema; the key lives during the call.
    unsafe {
        let types = pg_sys::buildoidvector([pg_sys::INT8OID, pg_sys::TEXTOID].as_ptr(), 2);
        pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            pg_sys::Anum_pg_proc_oid as i16,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(types),
            pg_sys::Datum::from(pg_sys::get_func_namespace(beside)),
            pg_sys::Datum::from(0usize),
        )
    }
}

/// Whether the column can hold no null.
unsafe fn never_null(root: *mut pg_sys::PlannerInfo, rel: *mut pg_sys::RelOptInfo, var: *mut pg_sys::Var) -> bool {
    // SAFETY: the planner's range table has an entry for every Var of the query level.
    unsafe {
        // A NOT NULL that is not validated (18) says nothing of the rows that are there: the planner knows.
        #[cfg(any(feature = "pg17", feature = "pg18"))]
        {
            let _ = root;
            pg_sys::bms_is_member(i32::from((*var).varattno), (*rel).notnullattnums)
        }
        #[cfg(not(any(feature = "pg17", feature = "pg18")))]
        {
            let _ = rel;
            let entry = *(*root).simple_rte_array.add((*var).varno as usize);
            let tuple = pg_sys::SearchSysCache2(
                pg_sys::SysCacheIdentifier::ATTNUM as i32,
                pg_sys::Datum::from((*entry).relid),
                pg_sys::Datum::from((*var).varattno),
            );
            if tuple.is_null() {
                return false;
            }
            let not_null = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_attribute>()).attnotnull;
            pg_sys::ReleaseSysCache(tuple);
            not_null
        }
    }
}

/// Whether the query asks for a row by a unique column: then no list of references makes it faster, and making one
/// for the planner's estimate would cost more than the row.
unsafe fn finds_one_row(rel: *mut pg_sys::RelOptInfo) -> bool {
    // SAFETY: the planner's lists of clauses and indexes of a base relation.
    unsafe {
        let items = |list: *mut pg_sys::List| -> &[pg_sys::ListCell] {
            if list.is_null() { &[] } else { std::slice::from_raw_parts((*list).elements, (*list).length as usize) }
        };
        items((*rel).baserestrictinfo).iter().any(|cell| {
            let clause = (*cell.ptr_value.cast::<pg_sys::RestrictInfo>()).clause.cast::<pg_sys::OpExpr>();
            if (*clause).xpr.type_ != pg_sys::NodeTag::T_OpExpr || items((*clause).args).len() != 2 {
                return false;
            }
            items((*rel).indexlist).iter().any(|cell| {
                let index = &*cell.ptr_value.cast::<pg_sys::IndexOptInfo>();
                let unique = index.unique && index.nkeycolumns == 1 && index.indpred.is_null();
                unique
                    && pg_sys::get_op_opfamily_strategy((*clause).opno, *index.opfamily)
                        == pg_sys::BTEqualStrategyNumber as i32
                    && items((*clause).args).iter().any(|arg| {
                        let var = arg.ptr_value.cast::<pg_sys::Var>();
                        (*var).xpr.type_ == pg_sys::NodeTag::T_Var && i32::from((*var).varattno) == *index.indexkeys
                    })
            })
        })
    }
}

/// Which part of the rows one gate lets through.
unsafe fn part(
    root: *mut pg_sys::PlannerInfo,
    rel: *mut pg_sys::RelOptInfo,
    gate: &Gate<'_>,
    ring: &Ring,
    wanted: Actions,
    snap: &Snap,
) -> Result<f64> {
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        let (of, element, array, _) = array_of(gate.ty);
        let references = open::array(ring, gate.reference, wanted, of, snap, false)?;
        let count = references.len();
        let (var, collation) = (gate.var, (*gate.var).varcollid);
        if count > MOST_LOOKED_UP {
            let mut data = pg_sys::VariableStatData::default();
            let mut unknown = false;
            pg_sys::examine_variable(root, var.cast(), (*rel).relid as i32, &mut data);
            let distinct = pg_sys::get_variable_numdistinct(&mut data, &mut unknown);
            if !data.statsTuple.is_null()
                && let Some(free) = data.freefunc
            {
                free(data.statsTuple);
            }
            return Ok((count as f64 / distinct.max(1.0)).min(1.0));
        }
        let cache = &*pg_sys::lookup_type_cache((*var).vartype, pg_sys::TYPECACHE_BTREE_OPFAMILY as i32);
        let left = if gate.ty == Type::Text { pg_sys::TEXTOID } else { (*var).vartype };
        let equal = pg_sys::get_opfamily_member(cache.btree_opf, left, element, pg_sys::BTEqualStrategyNumber as i16);
        let (Some(datum), false) = (references.into_datum(), equal == pg_sys::Oid::INVALID) else { return Ok(1.0) };
        let values = pg_sys::makeConst(array, -1, collation, -1, datum, false, false);
        let clause = any(var, gate.ty, equal, collation, values.cast());
        let inner = pg_sys::JoinType::JOIN_INNER;
        Ok(pg_sys::scalararraysel(root, clause, false, 0, inner, std::ptr::null_mut()).clamp(0.0, 1.0))
    }
}

/// Which part of the rows the check lets through, given the other checks of the same row that were counted before.
unsafe fn selectivity(request: &mut pg_sys::SupportRequestSelectivity) -> Result<bool> {
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        if request.is_join {
            return Ok(false);
        }
        let Some(call) = Call::of(request.args)? else { return Ok(false) };
        let snap = Snap::statement();
        let Some((mut rows, rel)) = rows(request.root, &call, call.wanted, &snap)? else { return Ok(false) };
        let mut before = 1.0_f64;
        for other in beside(rel, request.funcid, request.args).before {
            if let Some((rows, _)) = self::rows(request.root, &call, other, &snap)? {
                before = before.min(rows);
            }
        }
        if before < 1.0 {
            rows = if rows >= before { 1.0 } else { rows / before };
        }
        request.selectivity = rows;
        Ok(true)
    }
}

/// Which part of a relation's rows a check of these actions lets through: the product of its gates', as far as they are
/// known.
unsafe fn rows(
    root: *mut pg_sys::PlannerInfo,
    call: &Call<'_>,
    wanted: Actions,
    snap: &Snap,
) -> Result<Option<(f64, *mut pg_sys::RelOptInfo)>> {
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        if call.shape.requester.is_some() {
            return Ok(None);
        }
        let mut known = None;
        for at in FIXED..call.args.len() {
            let Some(gate) = call.gate(at) else { continue };
            let rel = *(*root).simple_rel_array.add((*gate.var).varno as usize);
            if rel.is_null() || finds_one_row(rel) {
                return Ok(None);
            }
            // Of a column that may be null only part of the rows is known: an absent reference is neutral.
            if !never_null(root, rel, gate.var) {
                continue;
            }
            let part = match width(gate.reference, wanted, snap)? {
                Width::Few(ring) => part(root, rel, &gate, &ring, wanted, snap)?,
                Width::All => 1.0,
                Width::Unknown => continue,
            };
            known = Some((known.map_or(1.0, |(before, _)| before) * part, rel));
        }
        Ok(known)
    }
}
