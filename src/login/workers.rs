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
}

/// Has the setting looked at when a statement starts. Raises nothing.
pub fn watch() {
    WATCHING.set(true);
}

/// A statement is about to start.
///
/// # Safety
///
/// Called by the hook of src/handover.rs only.
pub unsafe fn at_start() {
    if WATCHING.get() {
        // SAFETY: as above.
        unsafe { tell() }
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
