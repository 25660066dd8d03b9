//! The planner's nodes, made and taken apart.

use docacl_core::Actions;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::{Result, internal};
use crate::open::What;
use crate::value::Type;

/// The cells of a list of the planner's.
///
/// # Safety
///
/// A list, or null, that lives as long as the planning.
pub unsafe fn items<'a>(list: *mut pg_sys::List) -> &'a [pg_sys::ListCell] {
    // SAFETY: see above.
    unsafe { if list.is_null() { &[] } else { std::slice::from_raw_parts((*list).elements, (*list).length as usize) } }
}

/// A list of nodes.
pub fn list<T>(nodes: impl IntoIterator<Item = *mut T>) -> *mut pg_sys::List {
    // SAFETY: memory of the planner's.
    nodes.into_iter().fold(std::ptr::null_mut(), |list, node| unsafe { pg_sys::lappend(list, node.cast()) })
}

/// A column of the query level at hand.
#[derive(Clone, Copy)]
pub struct Column {
    pub var: *mut pg_sys::Var,
    pub ty: Type,
}

impl Column {
    /// # Safety
    ///
    /// An expression of the planner's.
    pub unsafe fn of(node: *mut pg_sys::Node) -> Option<Column> {
        // SAFETY: see above; only a plain column of this query level is a Var at its top.
        unsafe {
            let var = node.cast::<pg_sys::Var>();
            if (*var).xpr.type_ != pg_sys::NodeTag::T_Var || (*var).varlevelsup != 0 || (*var).varattno <= 0 {
                return None;
            }
            Some(Column { var, ty: Type::of((*var).vartype) })
        }
    }

    /// The entry of the range table.
    pub fn varno(self) -> usize {
        // SAFETY: a Var of the planner's.
        unsafe { (*self.var).varno as usize }
    }

    /// The attribute number.
    pub fn attno(self) -> i16 {
        // SAFETY: a Var of the planner's.
        unsafe { (*self.var).varattno }
    }

    /// `column IS NULL`, or IS NOT NULL.
    pub fn is_null(self, null: bool) -> *mut pg_sys::Node {
        // SAFETY: nodes of the planner's memory.
        unsafe {
            let test = pg_sys::palloc0(size_of::<pg_sys::NullTest>()).cast::<pg_sys::NullTest>();
            (*test).xpr.type_ = pg_sys::NodeTag::T_NullTest;
            (*test).arg = pg_sys::copyObjectImpl(self.var.cast()).cast();
            (*test).nulltesttype = if null { pg_sys::NullTestType::IS_NULL } else { pg_sys::NullTestType::IS_NOT_NULL };
            (*test).location = -1;
            test.cast()
        }
    }
}

/// All of these conditions, or any of them.
pub fn all_of(nodes: Vec<*mut pg_sys::Node>) -> *mut pg_sys::Node {
    combined(pg_sys::BoolExprType::AND_EXPR, nodes)
}

/// See [`all_of`].
pub fn any_of(nodes: Vec<*mut pg_sys::Node>) -> *mut pg_sys::Node {
    combined(pg_sys::BoolExprType::OR_EXPR, nodes)
}

fn combined(how: pg_sys::BoolExprType::Type, nodes: Vec<*mut pg_sys::Node>) -> *mut pg_sys::Node {
    match nodes.as_slice() {
        [one] => *one,
        // SAFETY: nodes of the planner's memory.
        _ => unsafe { pg_sys::makeBoolExpr(how, list(nodes), -1).cast() },
    }
}

/// A call of one of docacl's functions that tells whom and what it is about by two constants, a mask and a text.
///
/// # Safety
///
/// Nodes of the planner's; a function of that signature.
pub unsafe fn call(
    function: pg_sys::Oid,
    result: pg_sys::Oid,
    wanted: Actions,
    what: &What,
    column: Option<Column>,
) -> Result<*mut pg_sys::Node> {
    let text = serde_json::to_string(what).map_err(|e| internal(e.to_string()))?;
    let text = text.into_datum().ok_or_else(|| internal("a text without a datum"))?;
    let bits = pg_sys::Datum::from(wanted.bits() as i64);
    let collation = pg_sys::DEFAULT_COLLATION_OID;
    // SAFETY: see above.
    unsafe {
        let bits = pg_sys::makeConst(pg_sys::INT8OID, -1, pg_sys::Oid::INVALID, 8, bits, false, true);
        let text = pg_sys::makeConst(pg_sys::TEXTOID, -1, collation, -1, text, false, false);
        let mut args = list([bits, text]);
        if let Some(column) = column {
            args = pg_sys::lappend(args, pg_sys::copyObjectImpl(column.var.cast()));
        }
        let of_result = if result == pg_sys::TEXTARRAYOID { collation } else { pg_sys::Oid::INVALID };
        let explicit = pg_sys::CoercionForm::COERCE_EXPLICIT_CALL;
        Ok(pg_sys::makeFuncExpr(function, result, args, of_result, collation, explicit).cast())
    }
}

/// `column = ANY (values)`.
///
/// # Safety
///
/// Nodes of the planner's, of types that the operator compares.
pub unsafe fn any(
    column: Column,
    equal: pg_sys::Oid,
    collation: pg_sys::Oid,
    values: *mut pg_sys::Node,
) -> *mut pg_sys::ScalarArrayOpExpr {
    // SAFETY: see above.
    unsafe {
        let mut left: *mut pg_sys::Node = pg_sys::copyObjectImpl(column.var.cast()).cast();
        if column.ty == Type::Text && (*column.var).vartype != pg_sys::TEXTOID {
            left = pg_sys::makeRelabelType(
                left.cast(),
                pg_sys::TEXTOID,
                -1,
                (*column.var).varcollid,
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
        (*clause).args = list([left, values]);
        clause
    }
}

/// A function beside another in docacl's own schema, where only the extension's owner makes functions. By the
/// catalogue's cache: a look-up by name would ask for a right on the schema that users need not have.
///
/// # Safety
///
/// A function's OID.
pub unsafe fn beside(function: pg_sys::Oid, name: &std::ffi::CStr, types: &[pg_sys::Oid]) -> Option<pg_sys::Oid> {
    // SAFETY: a look-up by name, argument types and schema; the key lives during the call.
    let found = unsafe {
        let types = pg_sys::buildoidvector(types.as_ptr(), types.len() as i32);
        pg_sys::GetSysCacheOid(
            pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
            pg_sys::Anum_pg_proc_oid as i16,
            pg_sys::Datum::from(name.as_ptr()),
            pg_sys::Datum::from(types),
            pg_sys::Datum::from(pg_sys::get_func_namespace(function)),
            pg_sys::Datum::from(0usize),
        )
    };
    (found != pg_sys::Oid::INVALID).then_some(found)
}
