//! What a refused login means for parallel workers.
//!
//! That the session is nobody is a word of this backend, because no setting outlives the rollback that the error brings
//! about. Workers are sent settings alone. So, from the first refused login on, the setting is written whenever a
//! statement starts before it is known to say the same.

use std::cell::Cell;

use pgrx::pg_sys;
use pgrx::prelude::*;

thread_local! {
    static WATCHING: Cell<bool> = const { Cell::new(false) };
    static BEFORE: Cell<pg_sys::ExecutorStart_hook_type> = const { Cell::new(None) };
}

/// Has PostgreSQL tell us when a statement starts. Raises nothing.
pub fn watch() {
    if !WATCHING.replace(true) {
        // SAFETY: a hook of this backend, put before the one that is there.
        unsafe {
            BEFORE.set(pg_sys::ExecutorStart_hook);
            pg_sys::ExecutorStart_hook = Some(at_start);
        }
    }
}

// Without pgrx's guard, which would strip errors of what they say of the query: see src/login/cursors.rs.
unsafe extern "C-unwind" {
    #[link_name = "standard_ExecutorStart"]
    fn start_unguarded(query: *mut pg_sys::QueryDesc, flags: std::ffi::c_int);
}

unsafe extern "C-unwind" fn at_start(query: *mut pg_sys::QueryDesc, flags: std::ffi::c_int) {
    // SAFETY: PostgreSQL's call, handed on.
    unsafe {
        tell();
        BEFORE.get().unwrap_or(start_unguarded)(query, flags);
    }
}

#[pg_guard]
unsafe extern "C-unwind" fn tell() {
    // SAFETY: a plain read of backend state. In parallel mode no setting is written; the statement that went into it
    // had begun here, before.
    if unsafe { pg_sys::IsInParallelMode() } {
        return;
    }
    if let Err(e) = crate::identity::tell_workers() {
        crate::check::raise(e);
    }
}
