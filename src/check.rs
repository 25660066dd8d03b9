//! `docacl.row_check`: what a policy calls for every row.
//!
//! A raw version-1 function: no conversion of arguments, no SPI, no allocation and no call into PostgreSQL for a
//! row whose keys are known. Everything that depends on the statement is bound once, in the FmgrInfo's
//! `fn_extra`, which PostgreSQL makes anew for every execution.
//!
//! It never raises an error that depends on a row, so it may be marked LEAKPROOF; what it raises says that the
//! policy itself is malformed, docacl's tables are gone, or the identity changed while the statement ran.

use std::cell::RefCell;
use std::ffi::c_void;

use docacl_core::Actions;
use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::bound::{Bound, Quick, Row};
use crate::error::{Result, internal, wrong_state};
use crate::login::cursors::Reading;
use crate::scan::Snap;
use crate::shape::Shape;
use crate::value::Type;
use crate::{freshness, identity, made};

/// Arguments before the columns: the wanted actions and the shape.
const FIXED: usize = 2;

/// What one statement needs for one call site.
struct Site {
    wanted: Actions,
    answer: Answer,
    identity: identity::Seen,
    /// The row may have waited for another session: judge it by what is granted then, too.
    rechecks: bool,
    /// The statement makes resources with its rows (src/made.rs): a row may be closed only because its snapshot is older.
    makes: Option<usize>,
    /// Neither of both.
    plain: bool,
    types: Vec<Type>,
    latest: RefCell<Option<Latest>>,
    _reading: Option<Reading>,
}

/// How a row is answered.
#[allow(clippy::large_enum_variant, reason = "there is one a call site, and a box is one more jump for every row")]
enum Answer {
    Quick(Quick),
    /// One question about several actions, and shapes that have no quick form.
    Slow(Box<Bound>),
    /// Who is asking, nobody or system, decides it alone.
    Always(bool),
}

/// A shape bound to what is granted at some moment after the statement began.
struct Latest {
    bound: Bound,
    /// How many transactions had completed before that moment.
    completed: u64,
}

impl Site {
    /// A new row that is a resource itself, which the trigger has just made: the statement's snapshot is older than it. The
    /// trigger has judged the INSERT; whether the row may be read, as RETURNING asks, is decided as of now.
    fn opens_as_made(&self, execution: usize, bound: &Bound, row: &Arguments) -> Result<bool> {
        if !bound.refers(row, |kinds, key| made::has(execution, kinds, key))? {
            return Ok(false);
        }
        if self.wanted == Actions::ADD {
            return Ok(true);
        }
        let ring = freshness::ring_now(bound.ring.id, completed_transactions())?;
        Bound::new(ring, bound.shape.clone(), &self.types, &Snap::latest())?.any(self.wanted, row, Snap::latest)
    }

    /// UPDATE, DELETE and SELECT … FOR UPDATE in READ COMMITTED wait for whoever holds a row, and then judge the row he
    /// left. Plain row security judges it by the grants of the statement's snapshot; who has just lost his right
    /// would change what was not his any more. So such a row has to open under a snapshot of now as well.
    fn opens_now(&self, bound: &Bound, row: &Arguments) -> Result<bool> {
        // Read before the snapshot is taken: reading it too early costs a look, never a wrong answer.
        let completed = completed_transactions();
        let known = self.latest.borrow().as_ref().is_some_and(|l| l.completed == completed);
        if !known {
            let ring = freshness::ring_now(bound.ring.id, completed)?;
            let bound = Bound::new(ring, bound.shape.clone(), &self.types, &Snap::latest())?;
            *self.latest.borrow_mut() = Some(Latest { bound, completed });
        }
        match self.latest.borrow().as_ref() {
            Some(latest) => latest.bound.any(self.wanted, row, Snap::latest),
            None => Ok(false),
        }
    }
}

/// A counter that every transaction that wrote raises when it ends.
pub fn completed_transactions() -> u64 {
    // SAFETY: a word in shared memory that outlives the backend; a torn or late read is met as above.
    unsafe {
        #[cfg(any(feature = "pg15", feature = "pg16"))]
        let variables = pg_sys::ShmemVariableCache;
        #[cfg(not(any(feature = "pg15", feature = "pg16")))]
        let variables = pg_sys::TransamVariables;
        (&raw const (*variables).xactCompletionCount).read_volatile()
    }
}

struct Arguments {
    fcinfo: pg_sys::FunctionCallInfo,
}

impl Row for Arguments {
    #[inline]
    fn get(&self, at: usize) -> Option<pg_sys::Datum> {
        // SAFETY: Bound::new has compared the number of arguments with the shape; at + FIXED < nargs.
        unsafe {
            let argument = &*(*self.fcinfo).args.as_ptr().add(at + FIXED);
            if argument.isnull { None } else { Some(argument.value) }
        }
    }
}

#[doc(hidden)]
#[unsafe(no_mangle)]
pub extern "C" fn pg_finfo_docacl_row_check() -> &'static pg_sys::Pg_finfo_record {
    const V1: pg_sys::Pg_finfo_record = pg_sys::Pg_finfo_record { api_version: 1 };
    &V1
}

/// `docacl.row_check(wanted bigint, shape text, VARIADIC "any") → boolean`: whether who is asking may do any of
/// `wanted` with the row.
///
/// Not guarded by pgrx: what it does itself calls nothing of PostgreSQL's and has no path that panics, and a guard
/// costs several ns a row. Whatever needs PostgreSQL goes through [`row_check_guarded`].
#[doc(hidden)]
#[unsafe(no_mangle)]
pub unsafe extern "C-unwind" fn docacl_row_check(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: PostgreSQL calls with a valid fcinfo; fn_extra is ours.
    unsafe {
        if let Some(site) = ((*(*fcinfo).flinfo).fn_extra as *const Site).as_ref()
            && site.identity.is_still()
            // Asked before the answer is known: a jump that depends on the row cannot be foreseen.
            && site.plain
            && let Answer::Quick(quick) = &site.answer
            && let Some(open) = quick.any_plain(&Arguments { fcinfo })
            && !cfg!(debug_assertions)
        {
            return pg_sys::Datum::from(open);
        }
        row_check_known(fcinfo)
    }
}

/// Every row of which all is known. Apart, so that the most frequent ones need few registers.
#[inline(never)]
unsafe extern "C-unwind" fn row_check_known(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: as above.
    unsafe {
        if let Some(site) = ((*(*fcinfo).flinfo).fn_extra as *const Site).as_ref()
            && site.identity.is_still()
        {
            let known = match &site.answer {
                Answer::Quick(quick) => quick.any(&Arguments { fcinfo }),
                Answer::Slow(_) => None,
                Answer::Always(answer) => Some(*answer),
            };
            if let Some(open) = known
                && (site.plain || !if open { site.rechecks } else { site.makes.is_some() })
                && !cfg!(debug_assertions)
            {
                return pg_sys::Datum::from(open);
            }
        }
        row_check_guarded(fcinfo)
    }
}

#[cold]
#[pg_guard]
unsafe extern "C-unwind" fn row_check_guarded(fcinfo: pg_sys::FunctionCallInfo) -> pg_sys::Datum {
    // SAFETY: PostgreSQL calls with a valid fcinfo; fn_extra is ours.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        let site = match ((*flinfo).fn_extra as *const Site).as_ref() {
            Some(site) => site,
            None => match bind(fcinfo) {
                Ok(site) => {
                    (*flinfo).fn_extra = site as *mut c_void;
                    &*site
                }
                Err(e) => raise(e),
            },
        };
        if !site.identity.is_still() {
            raise(identity_changed());
        }
        let (bound, quick) = match &site.answer {
            Answer::Quick(quick) => (quick.bound(), Some(quick)),
            Answer::Slow(bound) => (&**bound, None),
            Answer::Always(answer) => return pg_sys::Datum::from(*answer),
        };
        let row = Arguments { fcinfo };
        let open = bound.any(site.wanted, &row, Snap::statement).and_then(|open| compared(quick, &row, open)).and_then(
            |open| match site.makes {
                Some(execution) if !open => site.opens_as_made(execution, bound, &row),
                _ if open && site.rechecks => site.opens_now(bound, &row),
                _ => Ok(open),
            },
        );
        match open {
            Ok(open) => pg_sys::Datum::from(open),
            Err(e) => raise(e),
        }
    }
}

/// The quick answers have to be the same. Builds with debug assertions, which the tests use, compare them for every row.
fn compared(quick: Option<&Quick>, row: &Arguments, open: bool) -> Result<bool> {
    if cfg!(debug_assertions)
        && let Some(quick) = quick
        && [quick.any_plain(row), quick.any(row)].into_iter().flatten().any(|quick| quick != open)
    {
        return Err(internal("the quick check and the check itself differ"));
    }
    Ok(open)
}

/// 55000: a cursor or function began as one principal and went on as another.
pub fn identity_changed() -> pgrx::pg_sys::panic::ErrorReport {
    wrong_state(
        "the identity changed while a statement was running",
        "Run the statement again: it was begun by one principal and continued by another.",
    )
}

/// Raises an error from a raw function.
pub fn raise(e: pgrx::pg_sys::panic::ErrorReport) -> ! {
    e.report(PgLogLevel::ERROR);
    std::process::abort() // An error report of level ERROR does not return.
}

/// Binds a call site to who is asking and to the statement's snapshot.
unsafe fn bind(fcinfo: pg_sys::FunctionCallInfo) -> Result<*const Site> {
    // SAFETY: a valid fcinfo with at least the fixed arguments; checked below.
    unsafe {
        let flinfo = (*fcinfo).flinfo;
        let nargs = usize::try_from((*fcinfo).nargs).unwrap_or(0);
        if nargs < FIXED {
            return Err(internal("row_check without its fixed arguments"));
        }
        let fixed = std::slice::from_raw_parts((*fcinfo).args.as_ptr(), FIXED);
        if fixed.iter().any(|a| a.isnull) {
            return Err(crate::error::null("wanted and shape"));
        }
        let wanted = Actions::from_bits_retain(fixed[0].value.value() as u64);
        let text = crate::value::read_text(fixed[1].value)?;
        let snap = Snap::statement();
        let types: Vec<Type> =
            (FIXED..nargs).map(|at| Type::of(pg_sys::get_fn_expr_argtype(flinfo, at as i32))).collect();
        let answer = match freshness::session_principal(&snap)? {
            None => {
                identity::refuse_nobody()?;
                Answer::Always(false)
            }
            Some(id) => {
                let bound = Bound::new(freshness::ring(id, &snap)?, Shape::parse(text.as_bytes())?, &types, &snap)?;
                match bound.any_row() {
                    Some(answer) => Answer::Always(answer),
                    None => Quick::new(bound, wanted).map_or_else(Answer::Slow, Answer::Quick),
                }
            }
        };
        let writes = wanted != Actions::READ && wanted != Actions::ADD;
        let reads = !matches!(answer, Answer::Always(false));
        // A parallel worker neither locks rows nor may take a snapshot.
        let rechecks =
            writes && pg_sys::XactIsoLevel < pg_sys::XACT_REPEATABLE_READ as i32 && !pg_sys::IsInParallelMode();
        let execution = (*flinfo).fn_mcxt as usize;
        let makes = (!writes && made::any(execution)).then_some(execution);
        let site = Box::into_raw(Box::new(Site {
            wanted,
            _reading: reads.then(Reading::begin),
            answer,
            identity: identity::Seen::now(),
            rechecks,
            makes,
            plain: !rechecks && makes.is_none(),
            types,
            latest: RefCell::new(None),
        }));
        drop_with((*flinfo).fn_mcxt, site);
        Ok(site)
    }
}

/// Has the box dropped when the memory context goes.
pub unsafe fn drop_with<T>(context: pg_sys::MemoryContext, boxed: *mut T) {
    unsafe extern "C-unwind" fn free<T>(boxed: *mut c_void) {
        // SAFETY: made by Box::into_raw, freed by this callback alone.
        unsafe { drop(Box::from_raw(boxed as *mut T)) }
    }
    // SAFETY: the callback's own memory lives in the context, as PostgreSQL asks.
    unsafe {
        let callback = pg_sys::MemoryContextAllocZero(context, size_of::<pg_sys::MemoryContextCallback>())
            as *mut pg_sys::MemoryContextCallback;
        (*callback).func = Some(free::<T>);
        (*callback).arg = boxed as *mut c_void;
        pg_sys::MemoryContextRegisterResetCallback(context, callback);
    }
}
