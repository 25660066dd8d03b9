//! The columns of a table as a relation that is open describes them: the one place that knows where PostgreSQL 18
//! keeps them otherwise than its predecessors.

use pgrx::pg_sys;

/// All columns, dropped ones included, in their order.
///
/// # Safety
/// The descriptor is valid, and outlives what is returned.
pub unsafe fn attributes<'a>(descriptor: pg_sys::TupleDesc) -> Vec<&'a pg_sys::FormData_pg_attribute> {
    // SAFETY: as the caller promises; a descriptor has natts attributes.
    unsafe {
        #[cfg(not(any(feature = "pg15", feature = "pg16", feature = "pg17")))]
        let all = (0..(*descriptor).natts).map(|i| &*pg_sys::TupleDescAttr(descriptor, i)).collect();
        #[cfg(any(feature = "pg15", feature = "pg16", feature = "pg17"))]
        let all = (*descriptor).attrs.as_slice((*descriptor).natts as usize).iter().collect();
        all
    }
}
