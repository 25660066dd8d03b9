//! Partitioned tables: a root and its partitions at every level. docacl protects the root and with it every partition;
//! whatever is remembered of a partition's rows is remembered of the root.

use pgrx::pg_sys;
use pgrx::pg_sys::ffi::pg_guard_ffi_boundary;

// Not among pgrx's bindings: called through its guard all the same.
unsafe extern "C-unwind" {
    fn get_partition_ancestors(relid: pg_sys::Oid) -> *mut pg_sys::List;
    fn find_all_inheritors(
        parent: pg_sys::Oid,
        lockmode: pg_sys::LOCKMODE,
        numparents: *mut *mut pg_sys::List,
    ) -> *mut pg_sys::List;
}

/// The partitioned table that a partition belongs to in the end; of any other relation itself.
pub fn root_of(relation: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: looks in the catalogue; the list is of oids, the root last.
    unsafe {
        if !pg_sys::get_rel_relispartition(relation) {
            return relation;
        }
        oids(pg_guard_ffi_boundary(|| get_partition_ancestors(relation))).last().copied().unwrap_or(relation)
    }
}

/// Whether a relation is partitioned.
pub fn is_partitioned(relation: pg_sys::Oid) -> bool {
    // SAFETY: a look-up in the catalogue's caches.
    unsafe { pg_sys::get_rel_relkind(relation) as u8 == pg_sys::RELKIND_PARTITIONED_TABLE }
}

/// The relation and, where it is partitioned, its partitions at every level, each locked as the relation already is.
pub fn tree(relation: pg_sys::Oid, lock: u32) -> Vec<pg_sys::Oid> {
    if !is_partitioned(relation) {
        return vec![relation];
    }
    // SAFETY: the caller holds the lock on the relation itself; the list is of oids.
    unsafe { oids(pg_guard_ffi_boundary(|| find_all_inheritors(relation, lock as i32, std::ptr::null_mut()))) }
}

unsafe fn oids(list: *mut pg_sys::List) -> Vec<pg_sys::Oid> {
    if list.is_null() {
        return Vec::new();
    }
    // SAFETY: a list of oids, as long as it says.
    unsafe {
        let cells = std::slice::from_raw_parts((*list).elements, (*list).length as usize);
        cells.iter().map(|cell| cell.oid_value).collect()
    }
}
