//! Reading docacl's own tables by direct index scans, under the snapshot that the caller chooses.
//!
//! Why not SPI: a check has to see exactly what its statement's snapshot sees, must not assign a transaction
//! id (hot standby), and must not be turned aside by search_path, row security or privileges. An index scan by
//! OID has none of these to care for, and costs about 1 µs.

use std::cell::RefCell;
use std::ffi::CString;

use pgrx::pg_sys;
use pgrx::prelude::*;

use crate::error::{Result, internal, wrong_state};

/// The widest of our tables.
const MAX_COLUMNS: usize = 20;

/// A table of ours with one of its indexes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Access {
    /// The table's name in schema docacl.
    pub table: &'static str,
    /// The index's name in schema docacl.
    pub index: &'static str,
}

/// One column that must equal a value.
pub struct Eq {
    attno: i16,
    procedure: pg_sys::Oid,
    value: pg_sys::Datum,
    /// The value is an array: the column must equal one of its elements.
    any: bool,
    /// The column must be null instead.
    null: bool,
}

impl Eq {
    /// A bigint column.
    pub fn int8(attno: i16, value: i64) -> Eq {
        Eq {
            attno,
            procedure: pg_sys::Oid::from(pg_sys::F_INT8EQ),
            value: pg_sys::Datum::from(value),
            any: false,
            null: false,
        }
    }

    /// A smallint column.
    pub fn int2(attno: i16, value: i16) -> Eq {
        Eq {
            attno,
            procedure: pg_sys::Oid::from(pg_sys::F_INT2EQ),
            value: pg_sys::Datum::from(value),
            any: false,
            null: false,
        }
    }

    /// An oid column.
    pub fn oid(attno: i16, value: pg_sys::Oid) -> Eq {
        Eq {
            attno,
            procedure: pg_sys::Oid::from(pg_sys::F_OIDEQ),
            value: pg_sys::Datum::from(value),
            any: false,
            null: false,
        }
    }

    /// A bigint column, which must be null where the value is none. Only for indexes: not under ignore_system_indexes.
    pub fn int8_or_null(attno: i16, value: Option<i64>) -> Eq {
        Eq { null: value.is_none(), ..Eq::int8(attno, value.unwrap_or(0)) }
    }

    /// A text column.
    pub fn text(attno: i16, value: &str) -> Result<Eq> {
        let value = value.into_datum().ok_or_else(|| internal("no datum for a text"))?;
        Ok(Eq { attno, procedure: pg_sys::Oid::from(pg_sys::F_TEXTEQ), value, any: false, null: false })
    }
}

/// The snapshot under which to read.
#[derive(Debug)]
pub struct Snap {
    pointer: pg_sys::Snapshot,
    pushed: bool,
}

impl Snap {
    /// The snapshot of the running statement.
    pub fn statement() -> Snap {
        // SAFETY: both are plain reads of backend state; GetTransactionSnapshot is called only without an
        // active snapshot, and then pushed for as long as this value lives.
        unsafe {
            if pg_sys::ActiveSnapshotSet() {
                Snap { pointer: pg_sys::GetActiveSnapshot(), pushed: false }
            } else {
                Snap::push(pg_sys::GetTransactionSnapshot())
            }
        }
    }

    /// The transaction's snapshot with everything that this transaction did so far: what a statement that
    /// began now would see. For functions that change grants and read what they changed.
    pub fn fresh() -> Snap {
        // SAFETY: a snapshot is taken and pushed; popped on drop.
        unsafe {
            pg_sys::CommandCounterIncrement();
            Snap::push(pg_sys::GetTransactionSnapshot())
        }
    }

    /// Everything committed by now, whatever the isolation level: for the checks of references, as foreign
    /// keys do, never for a decision about a row.
    pub fn latest() -> Snap {
        // SAFETY: a snapshot is taken and pushed; popped on drop.
        unsafe { Snap::push(pg_sys::GetLatestSnapshot()) }
    }

    /// A snapshot that PostgreSQL holds: one of a statement that is about to begin.
    ///
    /// # Safety
    ///
    /// A valid snapshot.
    pub unsafe fn of(snapshot: pg_sys::Snapshot) -> Snap {
        // SAFETY: as the caller says.
        unsafe { Snap::push(snapshot) }
    }

    /// The newest snapshot that can be had here: in parallel mode PostgreSQL takes none but the statement's.
    pub fn newest() -> Snap {
        // SAFETY: a plain read of backend state.
        if unsafe { pg_sys::IsInParallelMode() } { Snap::statement() } else { Snap::latest() }
    }

    unsafe fn push(snapshot: pg_sys::Snapshot) -> Snap {
        // SAFETY: the caller gives a valid snapshot; pushing copies it.
        unsafe {
            pg_sys::PushActiveSnapshot(snapshot);
            Snap { pointer: pg_sys::GetActiveSnapshot(), pushed: true }
        }
    }

    /// The same snapshot once more.
    pub fn again(of: &Snap) -> Snap {
        Snap { pointer: of.pointer, pushed: false }
    }

    /// The snapshot itself.
    pub fn pointer(&self) -> pg_sys::Snapshot {
        self.pointer
    }
}

impl Drop for Snap {
    fn drop(&mut self) {
        // While an error unwinds, PostgreSQL's own abort pops the snapshot.
        if self.pushed && !std::thread::panicking() {
            // SAFETY: pushed by us, and nested pushes have been popped by now.
            unsafe { pg_sys::PopActiveSnapshot() }
        }
    }
}

/// One row of a scan, valid until the next.
pub struct Tuple {
    values: [pg_sys::Datum; MAX_COLUMNS],
    nulls: [bool; MAX_COLUMNS],
}

impl Tuple {
    /// The value of a column (counted from 1), `None` where it is null.
    pub fn get<T: FromDatum>(&self, attno: i16) -> Option<T> {
        let at = usize::try_from(attno).ok()?.checked_sub(1)?;
        // SAFETY: the caller reads the column with its type (a test compares src/facts.rs with the tables).
        unsafe { T::from_datum(*self.values.get(at)?, *self.nulls.get(at)?) }
    }

    /// The value of a column that is never null.
    pub fn must<T: FromDatum>(&self, attno: i16) -> Result<T> {
        self.get(attno).ok_or_else(|| internal("unexpected null in a table of docacl"))
    }
}

struct Opened {
    relation: pg_sys::Relation,
    scan: pg_sys::SysScanDesc,
}

impl Drop for Opened {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // PostgreSQL's abort releases scans, relations and locks.
        }
        // SAFETY: opened by `each` below and closed once.
        unsafe {
            pg_sys::systable_endscan(self.scan);
            pg_sys::table_close(self.relation, pg_sys::AccessShareLock as i32);
        }
    }
}

/// Calls `row` for every row that the index finds; it says whether to go on. The index must have every column
/// of `keys`. A row may be found that a partial index leaves out (under ignore_system_indexes): check it.
pub fn each(access: Access, keys: &[Eq], snap: &Snap, mut row: impl FnMut(&Tuple) -> Result<bool>) -> Result<()> {
    let (table, index) = oids(access)?;
    let mut scan_keys: [pg_sys::ScanKeyData; 4] = [pg_sys::ScanKeyData::default(); 4];
    if keys.len() > scan_keys.len() {
        return Err(internal("too many scan keys"));
    }
    // SAFETY: the table is opened with a lock and closed by `Opened`; the scan keys live as long as the scan;
    // systable_beginscan maps their attribute numbers to the index's columns or raises an error.
    unsafe {
        let relation = pg_sys::table_open(table, pg_sys::AccessShareLock as i32);
        for (slot, key) in scan_keys.iter_mut().zip(keys) {
            if key.null {
                let (flags, none) = ((pg_sys::SK_ISNULL | pg_sys::SK_SEARCHNULL) as i32, pg_sys::Oid::INVALID);
                pg_sys::ScanKeyEntryInitialize(
                    slot,
                    flags,
                    key.attno,
                    0,
                    none,
                    none,
                    none,
                    pg_sys::Datum::from(0usize),
                );
                continue;
            }
            pg_sys::ScanKeyInit(slot, key.attno, pg_sys::BTEqualStrategyNumber as u16, key.procedure, key.value);
            if key.any {
                slot.sk_flags |= pg_sys::SK_SEARCHARRAY as i32;
            }
            // ScanKeyInit sets "C"; our text columns have the database's default collation.
            slot.sk_collation = pg_sys::DEFAULT_COLLATION_OID;
        }
        let scan = pg_sys::systable_beginscan(
            relation,
            index,
            true,
            snap.pointer(),
            keys.len() as i32,
            scan_keys.as_mut_ptr(),
        );
        let opened = Opened { relation, scan };
        let descriptor = (*relation).rd_att;
        if (*descriptor).natts as usize > MAX_COLUMNS {
            return Err(internal("a table of docacl is wider than expected"));
        }
        let mut tuple = Tuple { values: [pg_sys::Datum::from(0usize); MAX_COLUMNS], nulls: [true; MAX_COLUMNS] };
        loop {
            let found = pg_sys::systable_getnext(scan);
            if found.is_null() {
                break;
            }
            pg_sys::heap_deform_tuple(found, descriptor, tuple.values.as_mut_ptr(), tuple.nulls.as_mut_ptr());
            if !row(&tuple)? {
                break;
            }
        }
        drop(opened);
    }
    Ok(())
}

/// Calls `row` for every row of which a bigint column is one of these, in one scan: it costs a third of as many scans.
pub fn each_of(
    access: Access,
    attno: i16,
    values: &[i64],
    snap: &Snap,
    mut row: impl FnMut(&Tuple) -> Result<bool>,
) -> Result<()> {
    if without_indexes() {
        // Then the table is read from end to end, which knows nothing of arrays.
        return values.iter().try_for_each(|value| each(access, &[Eq::int8(attno, *value)], snap, &mut row));
    }
    if values.is_empty() {
        return Ok(());
    }
    let array = values.into_datum().ok_or_else(|| internal("no datum for an array"))?;
    let any = Eq { attno, procedure: pg_sys::Oid::from(pg_sys::F_INT8EQ), value: array, any: true, null: false };
    each(access, &[any], snap, row)
}

/// Whether PostgreSQL was told to use no index of a system table, and reads ours from end to end as well.
pub fn without_indexes() -> bool {
    // SAFETY: a plain read of backend state.
    unsafe { pg_sys::IgnoreSystemIndexes }
}

/// The first row that the index finds.
pub fn first<T>(
    access: Access,
    keys: &[Eq],
    snap: &Snap,
    mut read: impl FnMut(&Tuple) -> Result<Option<T>>,
) -> Result<Option<T>> {
    let mut out = None;
    each(access, keys, snap, |tuple| {
        out = read(tuple)?;
        Ok(out.is_none())
    })?;
    Ok(out)
}

thread_local! {
    /// OIDs of our tables and indexes, forgotten when PostgreSQL says that one of them changed: after DROP
    /// EXTENSION and CREATE EXTENSION they are others.
    static OIDS: RefCell<Vec<(Access, pg_sys::Oid, pg_sys::Oid)>> = const { RefCell::new(Vec::new()) };
    static WATCHING: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
    static GENERATION: std::cell::Cell<u64> = const { std::cell::Cell::new(0) };
}

/// Changes whenever one of our tables was dropped, rewritten or altered: what was read from it is void then.
pub fn generation() -> u64 {
    GENERATION.get()
}

#[pg_guard]
unsafe extern "C-unwind" fn forget(_arg: pg_sys::Datum, relation: pg_sys::Oid) {
    crate::protect::target::forget(relation);
    OIDS.with_borrow_mut(|oids| {
        if relation == pg_sys::Oid::INVALID || oids.iter().any(|(_, t, i)| *t == relation || *i == relation) {
            oids.clear();
            crate::handover::withdraw();
            GENERATION.set(GENERATION.get().wrapping_add(1));
        }
    });
}

/// Has PostgreSQL tell us when relations change.
pub fn watch() {
    if !WATCHING.replace(true) {
        // SAFETY: registered once per backend; the callback touches only thread-locals.
        unsafe { pg_sys::CacheRegisterRelcacheCallback(Some(forget), pg_sys::Datum::from(0usize)) };
    }
}

fn oids(access: Access) -> Result<(pg_sys::Oid, pg_sys::Oid)> {
    if let Some(found) = OIDS.with_borrow(|oids| oids.iter().find(|(a, ..)| *a == access).map(|(_, t, i)| (*t, *i))) {
        return Ok(found);
    }
    watch();
    let table = relation(access.table)?;
    let index = relation(access.index)?;
    OIDS.with_borrow_mut(|oids| oids.push((access, table, index)));
    Ok((table, index))
}

/// The OID of a relation of ours that need not be there, found once.
pub fn oid(name: &'static str) -> Option<pg_sys::Oid> {
    let access = Access { table: name, index: name };
    let known = OIDS.with_borrow(|oids| oids.iter().find(|(a, ..)| *a == access).map(|(_, oid, _)| *oid));
    let oid = known.unwrap_or_else(|| {
        watch();
        let oid = relation(name).unwrap_or(pg_sys::Oid::INVALID);
        OIDS.with_borrow_mut(|oids| oids.push((access, oid, oid)));
        oid
    });
    (oid != pg_sys::Oid::INVALID).then_some(oid)
}

/// The OID of a relation in schema docacl.
pub fn relation(name: &str) -> Result<pg_sys::Oid> {
    let not_there = || {
        wrong_state(
            "extension docacl is not installed in this database",
            "Run CREATE EXTENSION docacl, or ask whoever administers the database to do it.",
        )
    };
    let c_name = CString::new(name).map_err(|_| internal("a name with a zero byte"))?;
    // SAFETY: catalogue look-ups by name, with the schema given: search_path plays no part.
    let oid = unsafe {
        let schema = pg_sys::get_namespace_oid(c"docacl".as_ptr(), true);
        if schema == pg_sys::Oid::INVALID {
            return Err(not_there());
        }
        pg_sys::get_relname_relid(c_name.as_ptr(), schema)
    };
    if oid == pg_sys::Oid::INVALID { Err(not_there()) } else { Ok(oid) }
}
