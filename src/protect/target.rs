//! A protected table as a question about one of its rows needs it: where the row is found by its key, and which
//! columns decide. Read once per backend, forgotten when PostgreSQL says that the table changed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use docacl_core::verdict::Verdict;
use pgrx::pg_sys;
use pgrx::prelude::*;

use super::Spec;
use super::functions::{name_of, not_protected};
use crate::bound::Bound;
use crate::descriptor::attributes;
use crate::error::{Result, internal, wrong_state};
use crate::facts;
use crate::ring::Ring;
use crate::scan::{self, Snap};
use crate::shape::Shape;
use crate::value::Type;

/// A protected table.
pub struct Target {
    pub relation: pg_sys::Oid,
    pub spec: Spec,
    shape: Rc<Shape>,
    /// Attribute numbers of the shape's columns, and their types.
    columns: Vec<(i16, Type)>,
    key: Option<KeyColumn>,
}

struct KeyColumn {
    attno: i16,
    ty: pg_sys::Oid,
    collation: pg_sys::Oid,
    /// A unique index of this column alone.
    index: pg_sys::Oid,
}

/// Bindings of shapes to rings, kept while both are: binding costs more than deciding.
type Bindings = HashMap<(*const Ring, pg_sys::Oid), Rc<Bound>>;

thread_local! {
    static TARGETS: RefCell<HashMap<pg_sys::Oid, Rc<Target>>> = RefCell::new(HashMap::new());
    static DEFAULT: RefCell<Option<Rc<Target>>> = const { RefCell::new(None) };
    static BOUND: RefCell<Bindings> = RefCell::new(HashMap::new());
}

/// More bindings than this are not kept: each holds on to a ring.
const MOST_BOUND: usize = 64;

/// Forgets what is known of a relation; `INVALID` means all of them. Called on relcache invalidation.
pub fn forget(relation: pg_sys::Oid) {
    let all = relation == pg_sys::Oid::INVALID;
    let known = TARGETS.with_borrow_mut(|targets| {
        if all { targets.drain().next().is_some() } else { targets.remove(&relation).is_some() }
    });
    if all || known {
        DEFAULT.set(None);
        BOUND.with_borrow_mut(HashMap::clear);
    }
}

/// Forgets which shapes are bound to which rings.
pub fn unbind() {
    BOUND.with_borrow_mut(HashMap::clear);
}

/// The protected table of this OID: 55000 where it is not protected.
pub fn of(relation: pg_sys::Oid) -> Result<Rc<Target>> {
    scan::watch();
    if let Some(target) = TARGETS.with_borrow(|t| t.get(&relation).cloned()) {
        return Ok(target);
    }
    // The lock first: what changes the table afterwards is heard of, and what changed it before is read.
    let _lock = Lock::share(relation);
    let snap = Snap::newest();
    let Some(table) = facts::protected_table(relation, &snap)? else {
        return Err(not_protected(&name_of(relation)?));
    };
    let target = Rc::new(read(relation, Spec::from_json(table.spec)?)?);
    TARGETS.with_borrow_mut(|t| t.insert(relation, target.clone()));
    Ok(target)
}

/// The default documents table: 55000 where there is none.
pub fn default() -> Result<Rc<Target>> {
    scan::watch();
    if let Some(target) = DEFAULT.with_borrow(|d| d.clone()) {
        return Ok(target);
    }
    let snap = Snap::newest();
    let table = facts::protected_tables(&snap)?.into_iter().find(|t| t.is_default).ok_or_else(|| {
        wrong_state(
            "there is no default documents table",
            "Protect one with the option \"default\": true, or name the table: acl_can_row(…).",
        )
    })?;
    let target = of(table.relation)?;
    DEFAULT.set(Some(target.clone()));
    Ok(target)
}

/// A share lock on a relation, released when it goes.
struct Lock(pg_sys::Oid);

impl Lock {
    fn share(relation: pg_sys::Oid) -> Lock {
        // SAFETY: a lock by OID.
        unsafe { pg_sys::LockRelationOid(relation, pg_sys::AccessShareLock as i32) };
        Lock(relation)
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        if !std::thread::panicking() {
            // SAFETY: taken by `share`.
            unsafe { pg_sys::UnlockRelationOid(self.0, pg_sys::AccessShareLock as i32) };
        }
    }
}

fn read(relation: pg_sys::Oid, spec: Spec) -> Result<Target> {
    let shape = Rc::new(spec.shape());
    // SAFETY: the relation is opened with a lock; its descriptor and index list are read and released.
    unsafe {
        let rel = pg_sys::table_open(relation, pg_sys::AccessShareLock as i32);
        let attributes = attributes((*rel).rd_att);
        let find = |name: &str| {
            attributes
                .iter()
                .find(|a| !a.attisdropped && std::ffi::CStr::from_ptr(a.attname.data.as_ptr()).to_str() == Ok(name))
                .ok_or_else(|| {
                    wrong_state(
                        format!("column \"{name}\" of a protected table is gone"),
                        "Protect the table again with acl_protect.",
                    )
                })
        };
        let mut columns = Vec::new();
        for name in spec.shape_columns() {
            let a = find(name)?;
            columns.push((a.attnum, Type::of(a.atttypid)));
        }
        for name in spec.columns.keys() {
            find(name)?;
        }
        let key = match &spec.key {
            Some(name) => {
                let a = find(name)?;
                unique_index(rel, a.attnum).map(|index| KeyColumn {
                    attno: a.attnum,
                    ty: a.atttypid,
                    collation: a.attcollation,
                    index,
                })
            }
            None => None,
        };
        pg_sys::table_close(rel, pg_sys::AccessShareLock as i32);
        Ok(Target { relation, spec, shape, columns, key })
    }
}

/// A unique, valid, complete btree index of one column.
unsafe fn unique_index(rel: pg_sys::Relation, attno: i16) -> Option<pg_sys::Oid> {
    // SAFETY: an open relation; each index is opened and closed.
    unsafe {
        let list = pg_sys::RelationGetIndexList(rel);
        let mut found = None;
        let indexes: &[pg_sys::ListCell] =
            if list.is_null() { &[] } else { std::slice::from_raw_parts((*list).elements, (*list).length as usize) };
        for index in indexes.iter().map(|cell| cell.oid_value) {
            let opened = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
            let form = &*(*opened).rd_index;
            let whole = pg_sys::RelationGetIndexPredicate(opened).is_null();
            if form.indisunique
                && form.indisvalid
                && form.indnkeyatts == 1
                && whole
                && form.indkey.values.as_slice(1)[0] == attno
            {
                found = found.or(Some(index));
            }
            pg_sys::index_close(opened, pg_sys::AccessShareLock as i32);
        }
        found
    }
}

impl Target {
    /// What a principal may do with the row of this key; `None` where there is no such row.
    pub fn verdict(&self, ring: &Rc<Ring>, key: &str, snap: &Snap) -> Result<Option<Verdict>> {
        let bound = self.bind(ring, snap)?;
        self.with_row(key, snap, |row| bound.verdict(row, snap))
    }

    /// Calls `use_row` with the columns of the row of this key.
    pub fn with_row<T>(
        &self,
        key: &str,
        snap: &Snap,
        use_row: impl FnOnce(&Vec<Option<pg_sys::Datum>>) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(column) = &self.key else {
            return Err(wrong_state(
                format!("table {} is protected without a key", name_of(self.relation)?),
                "Give it a primary key or a unique index, and protect it again with the option \"key\".",
            ));
        };
        let Some((value, procedure)) = key_datum(column.ty, key)? else {
            return Ok(None);
        };
        let mut out = None;
        // SAFETY: the relation is opened with a lock and closed; the tuple is used before the scan ends. The row
        // is read past row security: the verdict about it is what is asked for.
        unsafe {
            let rel = pg_sys::table_open(self.relation, pg_sys::AccessShareLock as i32);
            let mut scan_key = pg_sys::ScanKeyData::default();
            pg_sys::ScanKeyInit(
                &mut scan_key,
                column.attno,
                pg_sys::BTEqualStrategyNumber as u16,
                pg_sys::Oid::from(procedure),
                value,
            );
            scan_key.sk_collation = column.collation;
            let scan = pg_sys::systable_beginscan(rel, column.index, true, snap.pointer(), 1, &mut scan_key);
            let tuple = pg_sys::systable_getnext(scan);
            if !tuple.is_null() {
                let natts = (*(*rel).rd_att).natts as usize;
                let (mut values, mut nulls) = (vec![pg_sys::Datum::from(0usize); natts], vec![true; natts]);
                pg_sys::heap_deform_tuple(tuple, (*rel).rd_att, values.as_mut_ptr(), nulls.as_mut_ptr());
                let row = self
                    .columns
                    .iter()
                    .map(|(attno, _)| {
                        let at = (*attno - 1) as usize;
                        if nulls[at] { None } else { Some(values[at]) }
                    })
                    .collect();
                out = Some(use_row(&row));
            }
            pg_sys::systable_endscan(scan);
            pg_sys::table_close(rel, pg_sys::AccessShareLock as i32);
        }
        out.transpose()
    }

    /// The shape of its rows.
    pub fn shape(&self) -> &Rc<Shape> {
        &self.shape
    }

    /// The types of the shape's columns.
    pub fn types(&self) -> Vec<Type> {
        self.columns.iter().map(|(_, ty)| *ty).collect()
    }

    /// The key column, quoted, and a key as a literal of its type; `None` where it is no value of that type.
    pub fn key_literal(&self, key: &str) -> Result<Option<(String, String)>> {
        let (Some(column), Some(name)) = (&self.key, &self.spec.key) else {
            return Ok(None);
        };
        if key_datum(column.ty, key)?.is_none() {
            return Ok(None);
        }
        let ty = match column.ty {
            pg_sys::INT2OID => "smallint",
            pg_sys::INT4OID => "integer",
            pg_sys::INT8OID => "bigint",
            pg_sys::UUIDOID => "uuid",
            _ => "text",
        };
        Ok(Some((pgrx::spi::quote_identifier(name), format!("{}::{ty}", pgrx::spi::quote_literal(key)))))
    }

    /// The table's shape bound to a ring.
    pub fn bind(&self, ring: &Rc<Ring>, snap: &Snap) -> Result<Rc<Bound>> {
        let at = (Rc::as_ptr(ring), self.relation);
        if let Some(bound) = BOUND.with_borrow(|b| b.get(&at).cloned()) {
            bound.next_statement();
            return Ok(bound);
        }
        let bound = Rc::new(Bound::new(ring.clone(), self.shape.clone(), &self.types(), snap)?);
        // A function named by the table may be created at any time: such bindings are made anew.
        if self.spec.gates.iter().all(|g| g.constant.is_empty()) {
            BOUND.with_borrow_mut(|b| {
                if b.len() >= MOST_BOUND {
                    b.clear();
                }
                b.insert(at, bound.clone())
            });
        }
        Ok(bound)
    }
}

/// A key as a value of the key column's type with its equality; `None` where it is no value of that type, and
/// so no row's key.
fn key_datum(ty: pg_sys::Oid, key: &str) -> Result<Option<(pg_sys::Datum, u32)>> {
    let found = match ty {
        pg_sys::INT2OID => key.trim().parse::<i16>().ok().and_then(|i| i.into_datum()).map(|d| (d, pg_sys::F_INT2EQ)),
        pg_sys::INT4OID => key.trim().parse::<i32>().ok().and_then(|i| i.into_datum()).map(|d| (d, pg_sys::F_INT4EQ)),
        pg_sys::INT8OID => key.trim().parse::<i64>().ok().and_then(|i| i.into_datum()).map(|d| (d, pg_sys::F_INT8EQ)),
        pg_sys::UUIDOID => crate::value::parse_uuid(key)
            .and_then(|u| pgrx::Uuid::from_bytes(u.to_be_bytes()).into_datum())
            .map(|d| (d, pg_sys::F_UUID_EQ)),
        pg_sys::TEXTOID | pg_sys::VARCHAROID => key.into_datum().map(|d| (d, pg_sys::F_TEXTEQ)),
        _ => return Err(internal("a key column of an unexpected type")),
    };
    Ok(found)
}
