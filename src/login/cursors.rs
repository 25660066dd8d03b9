//! Cursors of another identity: a login is refused while there are any, because what they have read already would be
//! fetched by whoever logs in. A logout closes those WITH HOLD.
//!
//! Only cursors that read protected tables count, and cursors WITH HOLD, of which nobody knows what they have read: a
//! loop over a list of users that makes the session each of them in turn is nobody's cursor. PostgreSQL's list of
//! cursors is asked only where one of either sort may be there: asking costs more than a login.

use std::cell::{Cell, RefCell};

use pgrx::pg_sys;
use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{self, Result};
use crate::identity;

/// Who may have declared cursors WITH HOLD.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Holders {
    None,
    /// One principal; 0: nobody, or the database role's.
    One(i64),
    /// Several, or whoever did before the library was loaded.
    Unknown,
}

thread_local! {
    /// The numbers of the statements under way on protected tables.
    static READING: RefCell<Vec<u64>> = const { RefCell::new(Vec::new()) };
    static HOLDERS: Cell<Holders> = const { Cell::new(Holders::Unknown) };
    static BEFORE: Cell<pg_sys::ProcessUtility_hook_type> = const { Cell::new(None) };
}

/// A statement under way on a protected table, for as long as it lives.
pub struct Reading(u64);

impl Reading {
    /// Begins.
    pub fn begin() -> Reading {
        READING.with_borrow_mut(|all| {
            let number = all.last().map_or(0, |n| n + 1);
            all.push(number);
            Reading(number)
        })
    }
}

impl Drop for Reading {
    fn drop(&mut self) {
        // Memory may be freed after the thread's variables are gone, when the process ends.
        let _ = READING.try_with(|all| all.borrow_mut().retain(|n| *n != self.0));
    }
}

/// Has PostgreSQL tell us when a cursor WITH HOLD is declared. Called once, when the library is loaded.
pub fn watch() {
    // SAFETY: a hook of this process, put before the one that is there.
    unsafe {
        BEFORE.set(pg_sys::ProcessUtility_hook);
        pg_sys::ProcessUtility_hook = Some(at_utility);
    }
}

// Without pgrx's guard: it would take every error of a utility statement apart and put it together again, less the
// position in the query and the names of table and constraint.
unsafe extern "C-unwind" {
    #[link_name = "standard_ProcessUtility"]
    fn utility_unguarded(
        statement: *mut pg_sys::PlannedStmt,
        query: *const std::ffi::c_char,
        read_only: bool,
        context: pg_sys::ProcessUtilityContext::Type,
        params: pg_sys::ParamListInfo,
        environment: *mut pg_sys::QueryEnvironment,
        receiver: *mut pg_sys::DestReceiver,
        completion: *mut pg_sys::QueryCompletion,
    );
}

/// Not guarded, for the same reason: what it does itself neither panics nor calls PostgreSQL, and nothing of it is left
/// to clean up when an error passes through.
unsafe extern "C-unwind" fn at_utility(
    statement: *mut pg_sys::PlannedStmt,
    query: *const std::ffi::c_char,
    read_only: bool,
    context: pg_sys::ProcessUtilityContext::Type,
    params: pg_sys::ParamListInfo,
    environment: *mut pg_sys::QueryEnvironment,
    receiver: *mut pg_sys::DestReceiver,
    completion: *mut pg_sys::QueryCompletion,
) {
    // SAFETY: PostgreSQL's call, looked at and handed on.
    unsafe {
        let declared = (*statement).utilityStmt.cast::<pg_sys::DeclareCursorStmt>();
        if !declared.is_null()
            && (*declared).type_ == pg_sys::NodeTag::T_DeclareCursorStmt
            && (*declared).options & pg_sys::CURSOR_OPT_HOLD as i32 != 0
        {
            let holder = identity::setting().unwrap_or(0);
            HOLDERS.set(match HOLDERS.get() {
                Holders::None => Holders::One(holder),
                Holders::One(one) if one == holder => Holders::One(one),
                _ => Holders::Unknown,
            });
        }
        let next = BEFORE.get().unwrap_or(utility_unguarded);
        next(statement, query, read_only, context, params, environment, receiver, completion);
    }
}

/// 28000 where cursors of another than this principal are open: those that read protected tables, and those WITH HOLD.
pub fn refuse_of_others(principal: i64) -> Result<()> {
    // What is being read is read for whoever the session is now.
    let others = identity::said() != Some(Some(principal)) && READING.with_borrow(|all| !all.is_empty());
    if others && open()?.0 > 0 {
        return Err(refused());
    }
    refuse_held(principal)
}

/// The same for cursors WITH HOLD alone. Others end with the transaction, and fail when they look at another row.
pub fn refuse_held(principal: i64) -> Result<()> {
    let others = match HOLDERS.get() {
        Holders::None => false,
        Holders::One(one) => one != principal,
        Holders::Unknown => true,
    };
    if !others {
        return Ok(());
    }
    if open()?.1 > 0 {
        return Err(refused());
    }
    HOLDERS.set(Holders::None);
    Ok(())
}

/// Closes the cursors WITH HOLD: who logs out leaves nothing that the next could fetch.
pub fn close_held() -> Result<()> {
    if HOLDERS.get() == Holders::None {
        return Ok(());
    }
    for name in held()? {
        Spi::run(&format!("CLOSE {}", pgrx::spi::quote_identifier(name)))
            .map_err(|e| error::internal(e.to_string()))?;
    }
    HOLDERS.set(Holders::None);
    Ok(())
}

/// The names of the cursors WITH HOLD.
fn held() -> Result<Vec<String>> {
    let _owner = crate::owner::AsOwner::begin()?;
    Spi::connect(|client| {
        let sql = "SELECT name FROM pg_catalog.pg_cursors WHERE is_holdable";
        let mut names = Vec::new();
        for row in client.select(sql, None, &[])? {
            names.extend(row.get::<String>(1)?);
        }
        Ok(names)
    })
    .map_err(|e: pgrx::spi::Error| error::internal(e.to_string()))
}

fn refused() -> ErrorReport {
    error::login_refused("cursors of another identity are open", "Close them first, for instance with CLOSE ALL.")
}

/// How many cursors there are, and how many of them are WITH HOLD.
fn open() -> Result<(i64, i64)> {
    let _owner = crate::owner::AsOwner::begin()?;
    let sql = "SELECT count(*), count(*) FILTER (WHERE is_holdable) FROM pg_catalog.pg_cursors";
    Spi::connect(|client| client.select(sql, None, &[])?.first().get_two::<i64, i64>())
        .map(|(any, held)| (any.unwrap_or(0), held.unwrap_or(0)))
        .map_err(|e: pgrx::spi::Error| error::internal(e.to_string()))
}
