//! `docacl.row_may_open`: true whatever it is called with, and to the planner the index condition
//! `column = ANY (docacl.open_…(wanted, what))`.

use docacl_core::Actions;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::nodes::{self, Column, items};
use super::{COST, arms};
use crate::error::Result;
use crate::open::{Of, What};
use crate::value::{Type, read_text};

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_row_may_open() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `docacl.row_may_open(wanted bigint, what text, "any") → true`.
#[doc(hidden)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn docacl_row_may_open(_fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    pg_sys::Datum::from(true)
}

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_row_may_open_support() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The support function of `docacl.row_may_open`.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_row_may_open_support(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
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
                // What row_check lets through is its own estimate's matter.
                (*node.cast::<pg_sys::SupportRequestSelectivity>()).selectivity = 1.0;
                Ok(node as usize)
            }
            pg_sys::NodeTag::T_SupportRequestCost => {
                let request = &mut *node.cast::<pg_sys::SupportRequestCost>();
                (request.startup, request.per_tuple) = (0.0, COST * pg_sys::cpu_operator_cost);
                Ok(node as usize)
            }
            _ => Ok(0),
        };
        match answer {
            Ok(pointer) => pg_sys::Datum::from(pointer),
            Err(e) => crate::check::raise(e),
        }
    }
}

unsafe fn condition(request: &mut pg_sys::SupportRequestIndexCondition) -> Result<Option<*mut pg_sys::List>> {
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        let node = request.node.cast::<pg_sys::FuncExpr>();
        if (*node).xpr.type_ != pg_sys::NodeTag::T_FuncExpr {
            return Ok(None);
        }
        let [wanted, what, column] = items((*node).args) else { return Ok(None) };
        let (wanted, what) = (wanted.ptr_value.cast::<pg_sys::Const>(), what.ptr_value.cast::<pg_sys::Const>());
        let Some(column) = Column::of(column.ptr_value.cast()).filter(|c| c.ty.is_key()) else { return Ok(None) };
        for constant in [wanted, what] {
            if (*constant).xpr.type_ != pg_sys::NodeTag::T_Const || (*constant).constisnull {
                return Ok(None);
            }
        }
        let index = &*request.index;
        let btree = index.relam == pg_sys::BTREE_AM_OID;
        // See arms.rs: what is no alternative is not asked of a bitmap only.
        let only = (!btree || request.indexcol != 0) && stands_alone(index.rel, request.node);
        if only || !btree && index.relam != pg_sys::HASH_AM_OID {
            return Ok(None);
        }
        let (element, array, name) = match arms::array_of(column.ty) {
            Of::Uuids => (pg_sys::UUIDOID, pg_sys::UUIDARRAYOID, c"open_uuids"),
            Of::Texts => (pg_sys::TEXTOID, pg_sys::TEXTARRAYOID, c"open_texts"),
            Of::Ints => (pg_sys::INT8OID, pg_sys::INT8ARRAYOID, c"open_ids"),
        };
        let left = if column.ty == Type::Text { pg_sys::TEXTOID } else { (*column.var).vartype };
        let strategy = if btree { pg_sys::BTEqualStrategyNumber } else { pg_sys::HTEqualStrategyNumber };
        let equal = pg_sys::get_opfamily_member(request.opfamily, left, element, strategy as i16);
        let function = nodes::beside(request.funcid, name, &[pg_sys::INT8OID, pg_sys::TEXTOID]);
        let (Some(function), false) = (function, equal == pg_sys::Oid::INVALID) else { return Ok(None) };
        let what: What =
            serde_json::from_str(&read_text((*what).constvalue)?).map_err(|e| crate::error::internal(e.to_string()))?;
        let wanted = Actions::from_bits_retain((*wanted).constvalue.value() as u64);
        let values = nodes::call(function, array, wanted, &what, None)?;
        let clause = nodes::any(column, equal, request.indexcollation, values);
        request.lossy = true;
        Ok(Some(nodes::list([clause])))
    }
}

/// Whether a condition stands for itself, not among alternatives.
unsafe fn stands_alone(rel: *mut pg_sys::RelOptInfo, node: *mut pg_sys::Node) -> bool {
    // SAFETY: the planner's nodes.
    unsafe {
        let clause = |cell: &pg_sys::ListCell| (*cell.ptr_value.cast::<pg_sys::RestrictInfo>()).clause;
        let is = |list| items(list).iter().any(|cell| std::ptr::eq(clause(cell).cast(), node));
        is((*rel).baserestrictinfo) || is((*rel).joininfo)
    }
}
