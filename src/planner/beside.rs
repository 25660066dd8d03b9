//! Other checks of the same row in the same query: UPDATE asks the policies of UPDATE and SELECT, and `acl_may` asks
//! beside the policy. They open nearly the same rows, so to the planner they are one condition, not two independent
//! ones: else it takes a row count squared for the truth, and goes through the lists of both for one index.

use docacl_core::Actions;
use pgrx::pg_sys;

use super::nodes::items;

/// The checks beside one: what each wants.
#[derive(Default)]
pub struct Beside {
    /// Those that the planner has counted already when it comes to this one.
    pub before: Vec<Actions>,
    pub after: Vec<Actions>,
}

/// The calls of the same function with the same arguments, what is wanted aside, that stand beside a call among the
/// conditions on a relation.
///
/// # Safety
///
/// The planner's nodes: a base relation, and the arguments of a call.
pub unsafe fn beside(rel: *mut pg_sys::RelOptInfo, function: pg_sys::Oid, args: *mut pg_sys::List) -> Beside {
    let mut out = Beside::default();
    let mut met = false;
    // SAFETY: see above; a FuncExpr of this function has as many arguments as it needs, the first of type bigint.
    unsafe {
        for cell in items((*rel).baserestrictinfo) {
            let clause = (*cell.ptr_value.cast::<pg_sys::RestrictInfo>()).clause.cast::<pg_sys::FuncExpr>();
            if (*clause).xpr.type_ != pg_sys::NodeTag::T_FuncExpr || (*clause).funcid != function {
                continue;
            }
            if (*clause).args == args {
                met = true;
                continue;
            }
            let (ours, theirs) = (items(args), items((*clause).args));
            let same = ours.len() == theirs.len()
                && ours
                    .iter()
                    .zip(theirs)
                    .skip(1)
                    .all(|(a, b)| pg_sys::equal(a.ptr_value.cast_const(), b.ptr_value.cast_const()));
            let Some(wanted) = theirs.first().map(|cell| cell.ptr_value.cast::<pg_sys::Const>()) else { continue };
            if !same || (*wanted).xpr.type_ != pg_sys::NodeTag::T_Const || (*wanted).constisnull {
                continue;
            }
            let wanted = Actions::from_bits_retain((*wanted).constvalue.value() as u64);
            if met { out.after.push(wanted) } else { out.before.push(wanted) }
        }
    }
    // A call that is not among them is part of another condition: nothing is said about it.
    if met { out } else { Beside::default() }
}
