//! A row that moves between partitions. PostgreSQL fires BEFORE UPDATE on the partition that it leaves, then BEFORE
//! DELETE there and BEFORE INSERT on the one that it enters; docacl judges the UPDATE and lets the other two be halves
//! of it.
//!
//! They are known by where PostgreSQL calls from, which no statement can imitate: DELETE comes from the very node of
//! the plan that the UPDATE came from (another statement, or another part of one, has a [`super::Site`] of its own),
//! for the same version of the same row, with no call in between; INSERT comes next in the same statement (the memory
//! context of its execution), into the same table, with the values that were judged.

use std::cell::RefCell;
use std::collections::HashMap;

use pgrx::pg_sys;

use super::tuple::{Column, Columns, Values};

/// What was judged: the columns that decide, in the order of the spec, which all partitions have in common.
type Image = Vec<Option<Vec<u8>>>;

/// An UPDATE that was permitted, and may turn out to move its row.
pub struct Updated {
    /// The version of the row that it replaces.
    old: (u32, u16),
    image: Image,
}

/// A row that has left its partition and is about to enter another of the same table.
struct Leaving {
    root: pg_sys::Oid,
    image: Image,
}

thread_local! {
    /// By the memory context of the statement's execution: triggers of the application's between the two halves may
    /// run statements of their own.
    static LEAVING: RefCell<HashMap<usize, Leaving>> = RefCell::new(HashMap::new());
}

/// The statement ended, or does something else now.
pub fn forget(execution: usize) {
    LEAVING.with_borrow_mut(|leaving| leaving.remove(&execution));
}

/// After an UPDATE of a partition's row was permitted.
pub unsafe fn updated(columns: &Columns, old: pg_sys::HeapTuple, new: &Values) -> Updated {
    // SAFETY: the old row's tuple, as the trigger was given it, and values of the relation's columns.
    unsafe { Updated { old: place(old), image: image(columns, new) } }
}

/// Whether a DELETE is the first half of the move that this UPDATE turned out to be; INSERT is awaited then.
pub unsafe fn leaves(updated: &Updated, execution: usize, root: pg_sys::Oid, old: pg_sys::HeapTuple) -> bool {
    // SAFETY: the row's tuple, as the trigger was given it.
    let same = unsafe { place(old) } == updated.old;
    if same {
        LEAVING.with_borrow_mut(|l| l.insert(execution, Leaving { root, image: updated.image.clone() }));
    }
    same
}

/// Whether an INSERT is the second half of a move.
pub unsafe fn enters(columns: &Columns, execution: usize, root: pg_sys::Oid, new: &Values) -> bool {
    let leaving = LEAVING.with_borrow_mut(|l| l.remove(&execution));
    // SAFETY: values of the relation's columns.
    leaving.is_some_and(|l| l.root == root && l.image == unsafe { image(columns, new) })
}

unsafe fn place(tuple: pg_sys::HeapTuple) -> (u32, u16) {
    // SAFETY: a tuple that a trigger was given.
    let at = unsafe { (*tuple).t_self };
    ((u32::from(at.ip_blkid.bi_hi) << 16) | u32::from(at.ip_blkid.bi_lo), at.ip_posid)
}

unsafe fn image(columns: &Columns, values: &Values) -> Image {
    // SAFETY: values of these columns.
    columns.judged().map(|column| values.get(column).map(|datum| unsafe { bytes(column, datum) })).collect()
}

/// The bytes of a value, a varlena's without its header and out of its compression.
unsafe fn bytes(column: Column, datum: pg_sys::Datum) -> Vec<u8> {
    // SAFETY: a value of the column's type, of the length that the type, or the varlena, says.
    unsafe {
        let (mut len, mut by_value) = (0i16, false);
        pg_sys::get_typlenbyval(column.ty, &mut len, &mut by_value);
        if by_value {
            return datum.value().to_ne_bytes().to_vec();
        }
        match len {
            -1 => {
                let plain = pg_sys::pg_detoast_datum_packed(datum.cast_mut_ptr());
                let data = pgrx::varlena::vardata_any(plain) as *const u8;
                std::slice::from_raw_parts(data, pgrx::varlena::varsize_any_exhdr(plain)).to_vec()
            }
            len => match usize::try_from(len) {
                Ok(len) => std::slice::from_raw_parts(datum.cast_mut_ptr::<u8>(), len).to_vec(),
                Err(_) => std::ffi::CStr::from_ptr(datum.cast_mut_ptr()).to_bytes().to_vec(),
            },
        }
    }
}
