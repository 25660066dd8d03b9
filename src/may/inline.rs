//! What the planner puts in the place of `acl_may(row, action)`: the same calls of `docacl.row_check` and
//! `docacl.parent_check` that a policy of the table holds, over the same columns. So it has their index conditions
//! and estimates, and costs what a policy costs.
//!
//! Only for a row of a table in FROM of the same query level, and an action known at planning. The plan depends on how
//! the table is protected; acl_protect changes its policies, and PostgreSQL plans anew. Words and types that are wrong
//! are refused here already, so that they are whether or not there is a row.

use docacl_core::{Actions, kind};
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::{columns, protected};
use crate::ask::asked;
use crate::check::raise;
use crate::error::{Result, internal};
use crate::protect::Spec;
use crate::scan::Snap;

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_may_support() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// The support function of `acl_may`.
#[doc(hidden)]
#[unsafe(no_mangle)]
#[pg_guard]
pub unsafe extern "C-unwind" fn docacl_may_support(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: the planner passes a request node; each is what its tag says.
    unsafe {
        let node = (*(*fcinfo).args.as_ptr()).value.cast_mut_ptr::<pg_sys::Node>();
        if node.is_null() || (*node).type_ != pg_sys::NodeTag::T_SupportRequestSimplify {
            return pg_sys::Datum::from(0usize);
        }
        match simplify(&*node.cast::<pg_sys::SupportRequestSimplify>()) {
            Ok(expression) => pg_sys::Datum::from(expression as usize),
            Err(e) => raise(e),
        }
    }
}

/// The check that the call stands for, or null: the call stays.
unsafe fn simplify(request: &pg_sys::SupportRequestSimplify) -> Result<*mut pg_sys::Node> {
    let nothing = std::ptr::null_mut();
    // SAFETY: the planner's nodes, which live as long as the planning.
    unsafe {
        let [row, words] = items((*request.fcall).args) else { return Ok(nothing) };
        let (row, words) = (row.ptr_value.cast::<pg_sys::Node>(), words.ptr_value.cast::<pg_sys::Const>());
        let ty = pg_sys::exprType(row);
        let relation = if ty == pg_sys::RECORDOID { pg_sys::Oid::INVALID } else { pg_sys::typeOrDomainTypeRelid(ty) };
        let target = if relation == pg_sys::Oid::INVALID { None } else { Some(protected(relation)?) };
        if (*words).xpr.type_ != pg_sys::NodeTag::T_Const {
            return Ok(nothing);
        }
        if (*words).constisnull {
            return Err(crate::error::null("action"));
        }
        let text = crate::value::read_text((*words).constvalue)?;
        let wanted = asked(&text, kind::APPLICABLE_TO_ROWS, &Snap::statement())?;
        let Some(target) = target else { return Ok(nothing) };
        let row = row.cast::<pg_sys::Var>();
        if !is_row_of(request.root, row, relation) {
            return Ok(nothing);
        }
        let row = Row { var: row, relation };
        let mut calls = row.calls(request.root, &target.spec, wanted)?;
        if may_be_absent(request.root, row.var) {
            // All columns of a row that an outer join has put nothing in the place of are null: no table says where
            // it is.
            calls.push(row.is_there());
        }
        Ok(match calls.as_slice() {
            [one] => *one,
            _ => {
                let all = calls.into_iter().fold(std::ptr::null_mut(), |list, call| pg_sys::lappend(list, call.cast()));
                pg_sys::makeBoolExpr(pg_sys::BoolExprType::AND_EXPR, all, -1).cast()
            }
        })
    }
}

unsafe fn items<'a>(list: *mut pg_sys::List) -> &'a [pg_sys::ListCell] {
    // SAFETY: a list of the planner's.
    unsafe { if list.is_null() { &[] } else { std::slice::from_raw_parts((*list).elements, (*list).length as usize) } }
}

/// Whether an expression is the row of this table, as the query level at hand reads it.
unsafe fn is_row_of(root: *mut pg_sys::PlannerInfo, var: *mut pg_sys::Var, relation: pg_sys::Oid) -> bool {
    // SAFETY: the planner's nodes; a Var of this level has an entry in the range table.
    unsafe {
        if root.is_null()
            || (*var).xpr.type_ != pg_sys::NodeTag::T_Var
            || (*var).varlevelsup != 0
            || (*var).varattno != 0
        {
            return false;
        }
        // What RETURNING calls old or new is not there for some rows.
        #[cfg(feature = "pg18")]
        if (*var).varreturningtype != pg_sys::VarReturningType::VAR_RETURNING_DEFAULT {
            return false;
        }
        let at = usize::try_from((*var).varno).unwrap_or(0).wrapping_sub(1);
        let Some(entry) = items((*(*root).parse).rtable).get(at) else { return false };
        let entry = &*entry.ptr_value.cast::<pg_sys::RangeTblEntry>();
        entry.rtekind == pg_sys::RTEKind::RTE_RELATION
            && entry.relid == relation
            && pg_sys::get_rel_type_id(relation) == (*var).vartype
            && !is_grouped(root, var)
    }
}

/// Whether the query groups by the whole row: then its columns are not there afterwards.
unsafe fn is_grouped(root: *mut pg_sys::PlannerInfo, var: *mut pg_sys::Var) -> bool {
    // SAFETY: the planner's nodes.
    unsafe {
        let query = &*(*root).parse;
        !query.groupClause.is_null()
            && items(query.targetList).iter().any(|cell| {
                let entry = &*cell.ptr_value.cast::<pg_sys::TargetEntry>();
                entry.ressortgroupref != 0 && pg_sys::equal(entry.expr.cast(), var.cast())
            })
    }
}

/// Whether an outer join may put nothing in the place of the row.
unsafe fn may_be_absent(root: *mut pg_sys::PlannerInfo, var: *mut pg_sys::Var) -> bool {
    // SAFETY: the planner's nodes.
    unsafe {
        #[cfg(not(feature = "pg15"))]
        {
            let _ = root;
            !(*var).varnullingrels.is_null()
        }
        #[cfg(feature = "pg15")]
        {
            let _ = var;
            items((*(*root).parse).rtable).iter().any(|cell| {
                let entry = &*cell.ptr_value.cast::<pg_sys::RangeTblEntry>();
                entry.rtekind == pg_sys::RTEKind::RTE_JOIN && entry.jointype != pg_sys::JoinType::JOIN_INNER
            })
        }
    }
}

/// A row of a table in FROM.
struct Row {
    /// The whole row.
    var: *mut pg_sys::Var,
    relation: pg_sys::Oid,
}

impl Row {
    /// The calls that together say whether all of `wanted` is allowed.
    unsafe fn calls(
        &self,
        root: *mut pg_sys::PlannerInfo,
        spec: &Spec,
        wanted: Actions,
    ) -> Result<Vec<*mut pg_sys::Node>> {
        let mut out = Vec::new();
        let all = columns(self.relation, spec)?;
        let parents = spec.parent.as_ref().map_or(0, |p| p.column.columns().len());
        let (own, above) = all.split_at(all.len() - parents);
        // SAFETY: nodes of the planner's memory.
        unsafe {
            if spec.decides() {
                let shape = text(&spec.shape().to_text()?)?;
                // row_check says whether any action is allowed: each is asked for itself.
                for one in (0..64).map(|bit| Actions::from_bits_retain(1 << bit)).filter(|one| wanted.contains(*one)) {
                    // A check of add is the policy's of INSERT, which judges a new row. Of a row that exists nobody but
                    // system and admins may add, who may do the rest of what is asked of places as well.
                    let asked = if one == Actions::ADD { Actions::STORE } else { one };
                    out.push(self.call(c"row_check", bits(asked), pg_sys::copyObjectImpl(shape.cast()).cast(), own)?);
                }
                crate::planner::expand_one(root, &mut out)?;
            }
            if let Some(parent) = &spec.parent {
                let oid = parent.oid().ok_or_else(|| internal("the parent of a protected table is gone"))?;
                let relation = pg_sys::makeConst(
                    pg_sys::REGCLASSOID,
                    -1,
                    pg_sys::Oid::INVALID,
                    4,
                    pg_sys::Datum::from(oid),
                    false,
                    true,
                );
                let asked = parent.asked().of_parent(wanted);
                out.push(self.call(c"parent_check", bits(asked), relation.cast(), above)?);
            }
        }
        Ok(out)
    }

    /// A call of one of docacl's functions with two constants and columns of the row.
    unsafe fn call(
        &self,
        name: &std::ffi::CStr,
        wanted: *mut pg_sys::Node,
        second: *mut pg_sys::Node,
        columns: &[i16],
    ) -> Result<*mut pg_sys::Node> {
        // SAFETY: nodes of the planner's memory; a look-up in the catalogue's caches, with a key that lives meanwhile.
        unsafe {
            let mut types = vec![pg_sys::INT8OID, pg_sys::exprType(second)];
            if !columns.is_empty() {
                types.push(pg_sys::ANYOID);
            }
            let function = pg_sys::GetSysCacheOid(
                pg_sys::SysCacheIdentifier::PROCNAMEARGSNSP as i32,
                pg_sys::Anum_pg_proc_oid as i16,
                pg_sys::Datum::from(name.as_ptr()),
                pg_sys::Datum::from(pg_sys::buildoidvector(types.as_ptr(), types.len() as i32)),
                pg_sys::Datum::from(pg_sys::get_namespace_oid(c"docacl".as_ptr(), true)),
                pg_sys::Datum::from(0usize),
            );
            if function == pg_sys::Oid::INVALID {
                return Err(internal("a function of docacl is gone"));
            }
            let mut args = pg_sys::lappend(pg_sys::lappend(std::ptr::null_mut(), wanted.cast()), second.cast());
            for attno in columns {
                args = pg_sys::lappend(args, self.column(*attno).cast());
            }
            Ok(pg_sys::makeFuncExpr(
                function,
                pg_sys::BOOLOID,
                args,
                pg_sys::Oid::INVALID,
                pg_sys::DEFAULT_COLLATION_OID,
                pg_sys::CoercionForm::COERCE_EXPLICIT_CALL,
            )
            .cast())
        }
    }

    /// A column of the row.
    unsafe fn column(&self, attno: i16) -> *mut pg_sys::Var {
        // SAFETY: a copy of the whole row's Var made one of its columns'; a look-up in the catalogue's caches.
        unsafe {
            let var = pg_sys::copyObjectImpl(self.var.cast()).cast::<pg_sys::Var>();
            (*var).varattno = attno;
            (*var).varattnosyn = if (*var).varnosyn == 0 { 0 } else { attno };
            pg_sys::get_atttypetypmodcoll(
                self.relation,
                attno,
                &mut (*var).vartype,
                &mut (*var).vartypmod,
                &mut (*var).varcollid,
            );
            var
        }
    }

    /// `row.tableoid IS NOT NULL`.
    unsafe fn is_there(&self) -> *mut pg_sys::Node {
        // SAFETY: nodes of the planner's memory.
        unsafe {
            let var = pg_sys::copyObjectImpl(self.var.cast()).cast::<pg_sys::Var>();
            (*var).varattno = pg_sys::TableOidAttributeNumber as i16;
            (*var).varattnosyn = if (*var).varnosyn == 0 { 0 } else { (*var).varattno };
            ((*var).vartype, (*var).vartypmod, (*var).varcollid) = (pg_sys::OIDOID, -1, pg_sys::Oid::INVALID);
            let test = pg_sys::palloc0(size_of::<pg_sys::NullTest>()).cast::<pg_sys::NullTest>();
            (*test).xpr.type_ = pg_sys::NodeTag::T_NullTest;
            (*test).arg = var.cast();
            (*test).nulltesttype = pg_sys::NullTestType::IS_NOT_NULL;
            (*test).location = -1;
            test.cast()
        }
    }
}

/// A mask as a constant.
unsafe fn bits(actions: Actions) -> *mut pg_sys::Node {
    let value = pg_sys::Datum::from(actions.bits() as i64);
    // SAFETY: a node of the planner's memory.
    unsafe { pg_sys::makeConst(pg_sys::INT8OID, -1, pg_sys::Oid::INVALID, 8, value, false, true).cast() }
}

/// A text as a constant.
unsafe fn text(text: &str) -> Result<*mut pg_sys::Node> {
    let value = text.into_datum().ok_or_else(|| internal("a text without a datum"))?;
    // SAFETY: a node of the planner's memory, as its value is.
    unsafe { Ok(pg_sys::makeConst(pg_sys::TEXTOID, -1, pg_sys::DEFAULT_COLLATION_OID, -1, value, false, false).cast()) }
}
