//! Whether anything that a check depends on has changed at all: one look at one page, however many roles a ring went
//! through and however busy the system is with other things.
//!
//! Whoever touches a stamp gives the sequence `docacl.change` a new random value (sql/changes.sql). A sequence knows no
//! transactions, so the value is there before the change is visible to anybody. Hence the proof: let a backend have
//! read a value, and then the next transaction id to be given out, the horizon. Whoever had touched anything by then
//! has an id before the horizon. A later snapshot that takes every such transaction as over (its xmin is not before the
//! horizon), followed by the same value once more, sees all of those changes and no other; so does every other such
//! snapshot. Rings found valid under one of them are valid under all.
//!
//! Measured on PostgreSQL 15, a loaded machine, a user of three roles: a prepared point read by key, while another session
//! commits between any two, takes 8 µs of CPU more than without row security; with the stamps read each time 19 µs.
//!
//! INVARIANT: the value is read after the snapshot was taken, and the horizon after the value. A value that is not
//! known to be settled answers nothing: then the stamps themselves are read.

use std::cell::Cell;

use pgrx::pg_sys;

use crate::scan;

#[derive(Clone, Copy)]
struct Seen {
    value: i64,
    horizon: u32,
}

thread_local! {
    static SEEN: Cell<Option<Seen>> = const { Cell::new(None) };
}

/// The value under which this snapshot sees the same grants as every other for which it was returned; none where that
/// is not sure.
pub fn settled(snapshot: &pg_sys::SnapshotData) -> Option<i64> {
    // SAFETY: a plain read of backend state. SERIALIZABLE has to read what it depends on.
    let serializable = unsafe { pg_sys::XactIsoLevel } == pg_sys::XACT_SERIALIZABLE as i32;
    if serializable || snapshot.snapshot_type != pg_sys::SnapshotType::SNAPSHOT_MVCC {
        return None;
    }
    // None: the extension is of a release without the sequence, or gone.
    let value = read(scan::oid("change")?);
    let seen = match SEEN.get() {
        Some(seen) if seen.value == value => seen,
        _ => {
            // SAFETY: reads shared memory.
            let horizon = unsafe { pg_sys::ReadNextTransactionId() }.into();
            let seen = Seen { value, horizon };
            SEEN.set(Some(seen));
            seen
        }
    };
    // Ids wrap around. A horizon that is two thousand million transactions old looks like one to come: not settled.
    let xmin: u32 = snapshot.xmin.into();
    (xmin.wrapping_sub(seen.horizon) as i32 >= 0).then_some(value)
}

/// The value of a sequence: the first column of the one row on its one page. It is changed in place under the page's
/// lock, as nextval and setval do, so no snapshot has a say.
fn read(sequence: pg_sys::Oid) -> i64 {
    // SAFETY: the relation is open and locked while its page is pinned; a sequence always has this page and row, and
    // its first column is a bigint that is never null.
    unsafe {
        let relation = pg_sys::relation_open(sequence, pg_sys::AccessShareLock as i32);
        let buffer = pg_sys::ReadBuffer(relation, 0);
        pg_sys::LockBuffer(buffer, pg_sys::BUFFER_LOCK_SHARE as i32);
        let page = pg_sys::BufferGetPage(buffer);
        let row = pg_sys::PageGetItem(page, pg_sys::PageGetItemId(page, 1)) as *const u8;
        let header = &*row.cast::<pg_sys::HeapTupleHeaderData>();
        let value = row.add(usize::from(header.t_hoff)).cast::<i64>().read_unaligned();
        pg_sys::UnlockReleaseBuffer(buffer);
        pg_sys::relation_close(relation, pg_sys::AccessShareLock as i32);
        value
    }
}
