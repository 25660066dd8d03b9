//! What the planner is told of LIKE, ILIKE, `~`, `~*` and the operators of arrays while search is trusted: that a call which
//! [`safe`](super::safe) has proved is one of a leakproof stand-in.
//!
//! The operator of the expression stays, and with it its indexes and what EXPLAIN prints; only the function under it, by
//! which PostgreSQL judges whether an expression leaks, and which it calls, is another. Operators of a user's own over the
//! same functions become PostgreSQL's, `x LIKE ANY (…)` does not come by here and stays what it was.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::{Conditional, safe};

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_search_support() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The support function of the conditional functions.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_search_support(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the planner passes a request node; each is what its tag says.
    unsafe {
        let node = (*(*fcinfo).args.as_ptr()).value.cast_mut_ptr::<pg_sys::Node>();
        if node.is_null() {
            return pg_sys::Datum::from(0usize);
        }
        let function = match (*node).type_ {
            pg_sys::NodeTag::T_SupportRequestSimplify => {
                let request = &*node.cast::<pg_sys::SupportRequestSimplify>();
                if let Some(safe) = simplified(&*request.fcall, (*(*fcinfo).flinfo).fn_oid) {
                    return pg_sys::Datum::from(safe as usize);
                }
                (*request.fcall).funcid
            }
            pg_sys::NodeTag::T_SupportRequestSelectivity => (*node.cast::<pg_sys::SupportRequestSelectivity>()).funcid,
            pg_sys::NodeTag::T_SupportRequestIndexCondition => {
                (*node.cast::<pg_sys::SupportRequestIndexCondition>()).funcid
            }
            _ => return pg_sys::Datum::from(0usize),
        };
        // Whatever else is asked, PostgreSQL's own support function answers as before.
        match u32::from(function) {
            pg_sys::F_TEXTLIKE => pg_sys::textlike_support(fcinfo),
            pg_sys::F_TEXTICLIKE => pg_sys::texticlike_support(fcinfo),
            pg_sys::F_TEXTREGEXEQ => pg_sys::textregexeq_support(fcinfo),
            pg_sys::F_TEXTICREGEXEQ => pg_sys::texticregexeq_support(fcinfo),
            _ => pg_sys::Datum::from(0usize),
        }
    }
}

/// Which function it is, PostgreSQL's operator over it, and its stand-in.
fn known(function: pg_sys::Oid) -> Option<(Conditional, u32, &'static std::ffi::CStr, pg_sys::Oid)> {
    Some(match u32::from(function) {
        pg_sys::F_TEXTLIKE => (Conditional::Like, 1209, c"search_like", pg_sys::TEXTOID),
        pg_sys::F_TEXTICLIKE => (Conditional::ILike, 1627, c"search_ilike", pg_sys::TEXTOID),
        pg_sys::F_TEXTREGEXEQ => (Conditional::Regex, 641, c"search_regex", pg_sys::TEXTOID),
        pg_sys::F_TEXTICREGEXEQ => (Conditional::IRegex, 1228, c"search_iregex", pg_sys::TEXTOID),
        pg_sys::F_ARRAYOVERLAP => (Conditional::Overlap, 2750, c"search_overlap", pg_sys::ANYARRAYOID),
        pg_sys::F_ARRAYCONTAINS => (Conditional::Contains, 2751, c"search_contains", pg_sys::ANYARRAYOID),
        pg_sys::F_ARRAYCONTAINED => (Conditional::Contained, 2752, c"search_contained", pg_sys::ANYARRAYOID),
        _ => return None,
    })
}

/// The call with the stand-in under its operator, where it is safe.
unsafe fn simplified(call: &pg_sys::FuncExpr, beside: pg_sys::Oid) -> Option<*mut pg_sys::Expr> {
    let (function, operator, name, argument) = known(call.funcid)?;
    let operator = pg_sys::Oid::from(operator);
    // SAFETY: the call's arguments are a list of expressions; the new expression is made in the planner's memory.
    unsafe {
        let arguments = arguments(call.args);
        let [left, right] = *arguments else { return None };
        if !safe::is_safe(function, arguments, call.inputcollid) {
            return None;
        }
        // A number that is not what it is taken for must not become another operator.
        if pg_sys::get_opcode(operator) != call.funcid {
            return None;
        }
        let stand_in = function_beside(beside, name, argument);
        if stand_in == pg_sys::Oid::INVALID {
            return None;
        }
        let expression = pg_sys::make_opclause(
            operator,
            pg_sys::BOOLOID,
            false,
            left.cast(),
            right.cast(),
            pg_sys::Oid::INVALID,
            call.inputcollid,
        );
        (*expression.cast::<pg_sys::OpExpr>()).opfuncid = stand_in;
        Some(expression)
    }
}

/// The arguments of a call.
///
/// # Safety
///
/// `list` is null or a list of expressions, which outlives the answer.
pub unsafe fn arguments<'a>(list: *mut pg_sys::List) -> &'a [*mut pg_sys::Node] {
    // SAFETY: a cell of a list of nodes is a pointer and nothing else.
    unsafe {
        if list.is_null() {
            return &[];
        }
        std::slice::from_raw_parts((*list).elements.cast::<*mut pg_sys::Node>(), (*list).length.max(0) as usize)
    }
}

/// The function of this name and these two arguments in the schema of another.
unsafe fn function_beside(beside: pg_sys::Oid, name: &std::ffi::CStr, argument: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a look-up by name, argument types and schema; the key lives during the call.
    unsafe {
        let types = pg_sys::buildoidvector([argument, argument].as_ptr(), 2);
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
