//! The leakproof stand-ins: they do what PostgreSQL's function does in calls that are safe, and are null in all others.
//!
//! Everybody may call them by name while search is trusted, in ways the planner never would; so they look for
//! themselves, once per statement, at the expression that they are called by.

use pgrx::pg_sys;
use pgrx::prelude::*;

use super::support::arguments;
use super::{Conditional, safe};

/// What a call site remembers, in `fn_extra`.
struct Site {
    safe: bool,
    /// What the original is called with: some of them keep things in `fn_extra` as well.
    original: pg_sys::FmgrInfo,
}

/// The call site, looked at once.
unsafe fn site<'a>(fcinfo: pg_sys::FunctionCallInfo, function: Conditional) -> Option<&'a mut Site> {
    // SAFETY: a valid fcinfo; fn_extra is this function's own, and lives in fn_mcxt as long as the FmgrInfo.
    unsafe {
        let flinfo = (*fcinfo).flinfo.as_mut()?;
        if flinfo.fn_extra.is_null() {
            let node = flinfo.fn_expr.cast::<pg_sys::Node>();
            let list = if node.is_null() {
                std::ptr::null_mut()
            } else {
                match (*node).type_ {
                    pg_sys::NodeTag::T_OpExpr => (*node.cast::<pg_sys::OpExpr>()).args,
                    pg_sys::NodeTag::T_FuncExpr => (*node.cast::<pg_sys::FuncExpr>()).args,
                    _ => std::ptr::null_mut(),
                }
            };
            let safe = safe::is_safe(function, arguments(list), (*fcinfo).fncollation);
            let site = pg_sys::MemoryContextAlloc(flinfo.fn_mcxt, std::mem::size_of::<Site>()).cast::<Site>();
            site.write(Site { safe, original: *flinfo });
            flinfo.fn_extra = site.cast();
        }
        flinfo.fn_extra.cast::<Site>().as_mut()
    }
}

macro_rules! stand_in {
    ($name:ident, $info:ident, $function:expr, $original:ident) => {
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        pub extern "C" fn $info() -> &'static pg_sys::Pg_finfo_record {
            const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
            &V1
        }

        /// See the function of SQL.
        #[doc(hidden)]
        #[unsafe(no_mangle)]
        #[pg_guard]
        pub unsafe extern "C-unwind" fn $name(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
            // SAFETY: PostgreSQL calls with a valid fcinfo, of two arguments that are not null. An error leaves the
            // statement, and with it the fcinfo.
            unsafe {
                match site(fcinfo, $function) {
                    Some(site) if site.safe => {
                        let own = std::mem::replace(&mut (*fcinfo).flinfo, &raw mut site.original);
                        let answer = pg_sys::$original(fcinfo);
                        (*fcinfo).flinfo = own;
                        answer
                    }
                    _ => {
                        (*fcinfo).isnull = true;
                        pg_sys::Datum::from(0usize)
                    }
                }
            }
        }
    };
}

stand_in!(docacl_search_like, pg_finfo_docacl_search_like, Conditional::Like, textlike);
stand_in!(docacl_search_ilike, pg_finfo_docacl_search_ilike, Conditional::ILike, texticlike);
stand_in!(docacl_search_regex, pg_finfo_docacl_search_regex, Conditional::Regex, textregexeq);
stand_in!(docacl_search_iregex, pg_finfo_docacl_search_iregex, Conditional::IRegex, texticregexeq);
stand_in!(docacl_search_overlap, pg_finfo_docacl_search_overlap, Conditional::Overlap, arrayoverlap);
stand_in!(docacl_search_contains, pg_finfo_docacl_search_contains, Conditional::Contains, arraycontains);
stand_in!(docacl_search_contained, pg_finfo_docacl_search_contained, Conditional::Contained, arraycontained);
