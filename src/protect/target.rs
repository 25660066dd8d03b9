//! A protected table as a question about one of its rows needs it: where the row is found by its key, and which
//! columns decide. Read once per backend, forgotten when PostgreSQL says that the table changed.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use docacl_core::verdict::Verdict;
use pgrx::pg_sys;

use super::functions::{name_of, not_protected};
use super::{Spec, tree};
use crate::bound::Bound;
use crate::descriptor::attributes;
use crate::error::{Result, wrong_state};
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
    /// The types of the shape's columns.
    types: Vec<Type>,
    /// The columns of the key; none: no row can be found.
    key: Option<Vec<KeyColumn>>,
    /// The types of the columns that name the parent's row; none: the table has no parent.
    parent: Vec<pg_sys::Oid>,
    /// Where the rows are: the table, or the partitions of a partitioned one.
    parts: Vec<Part>,
    /// The root and every partition, whether it holds rows or not.
    tree: Vec<pg_sys::Oid>,
}

struct KeyColumn {
    ty: pg_sys::Oid,
    collation: pg_sys::Oid,
}

/// A relation that holds rows: the same columns in all, but each in its own place.
struct Part {
    relation: pg_sys::Oid,
    /// Attribute numbers of the shape's columns, then of those that name the parent's row.
    columns: Vec<i16>,
    /// Attribute numbers of the key's columns.
    key: Vec<i16>,
    /// A unique index that has the key's columns, which are at these positions of the key, in the index's order.
    index: Option<(pg_sys::Oid, Vec<usize>)>,
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
        let before = targets.len();
        targets.retain(|at, target| !all && *at != relation && !target.tree.contains(&relation));
        targets.len() != before
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
    match known(relation)? {
        Some(target) => Ok(target),
        None => Err(not_protected(&name_of(relation)?)),
    }
}

/// The protected table of this OID; `None` where it is not protected.
pub fn known(relation: pg_sys::Oid) -> Result<Option<Rc<Target>>> {
    scan::watch();
    if let Some(target) = TARGETS.with_borrow(|t| t.get(&relation).cloned()) {
        return Ok(Some(target));
    }
    // The lock first: what changes the table afterwards is heard of, and what changed it before is read.
    let _lock = Lock::share(relation);
    let snap = Snap::newest();
    let Some(table) = facts::protected_table(relation, &snap)? else {
        let root = tree::root_of(relation);
        let target = if root == relation { None } else { known(root)? };
        if let Some(target) = &target {
            TARGETS.with_borrow_mut(|t| t.insert(relation, target.clone()));
        }
        return Ok(target);
    };
    let target = Rc::new(read(relation, Spec::from_json(table.spec)?)?);
    TARGETS.with_borrow_mut(|t| t.insert(relation, target.clone()));
    Ok(Some(target))
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
    let tree = tree::tree(relation, pg_sys::AccessShareLock);
    let partitioned = tree::is_partitioned(relation);
    let (mut parts, mut target) = (Vec::new(), None);
    for at in &tree {
        let (part, types, key, parent) = read_part(*at, &spec, partitioned)?;
        if *at == relation {
            target = Some((types, key, parent));
        }
        if !tree::is_partitioned(*at) {
            parts.push(part);
        }
    }
    let (types, key, parent) = target.ok_or_else(|| crate::error::internal("a table that is not among its parts"))?;
    let found = spec.key.is_some() && parts.iter().all(|p| p.index.is_some());
    Ok(Target { relation, spec, shape, types, key: found.then_some(key), parent, parts, tree })
}

type Described = (Part, Vec<Type>, Vec<KeyColumn>, Vec<pg_sys::Oid>);

fn read_part(relation: pg_sys::Oid, spec: &Spec, partitioned: bool) -> Result<Described> {
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
        let (mut columns, mut types) = (Vec::new(), Vec::new());
        for name in spec.shape_columns() {
            let a = find(name)?;
            columns.push(a.attnum);
            types.push(Type::of(a.atttypid));
        }
        for name in spec.columns.keys() {
            find(name)?;
        }
        let (mut key, mut attnos) = (Vec::new(), Vec::new());
        for name in spec.key.iter().flat_map(|names| names.columns()) {
            let a = find(name)?;
            key.push(KeyColumn { ty: a.atttypid, collation: a.attcollation });
            attnos.push(a.attnum);
        }
        let index = unique_index(rel, &attnos, partitioned);
        let mut parent = Vec::new();
        for name in spec.parent.iter().flat_map(|parent| parent.column.columns()) {
            let a = find(name)?;
            columns.push(a.attnum);
            parent.push(a.atttypid);
        }
        pg_sys::table_close(rel, pg_sys::AccessShareLock as i32);
        Ok((Part { relation, columns, key: attnos, index }, types, key, parent))
    }
}

/// A unique, valid, complete btree index of these columns, whatever their order, and that order. In a partition also
/// one that has more columns: PostgreSQL wants the partition key's in a partitioned table's unique index.
unsafe fn unique_index(rel: pg_sys::Relation, attnos: &[i16], partitioned: bool) -> Option<(pg_sys::Oid, Vec<usize>)> {
    // SAFETY: an open relation; each index is opened and closed.
    unsafe {
        let list = pg_sys::RelationGetIndexList(rel);
        let mut found = None;
        let mut alone = false;
        let indexes: &[pg_sys::ListCell] =
            if list.is_null() { &[] } else { std::slice::from_raw_parts((*list).elements, (*list).length as usize) };
        for index in indexes.iter().map(|cell| cell.oid_value) {
            let opened = pg_sys::index_open(index, pg_sys::AccessShareLock as i32);
            let form = &*(*opened).rd_index;
            let whole = pg_sys::RelationGetIndexPredicate(opened).is_null();
            let columns = usize::try_from(form.indnkeyatts).unwrap_or(0);
            if form.indisunique && form.indisvalid && whole && (partitioned || columns == attnos.len()) && !alone {
                let order: Vec<usize> = form
                    .indkey
                    .values
                    .as_slice(columns)
                    .iter()
                    .filter_map(|attno| attnos.iter().position(|a| a == attno))
                    .collect();
                if order.len() == attnos.len() && (found.is_none() || columns == attnos.len()) {
                    alone = columns == attnos.len();
                    found = Some((index, order));
                }
            }
            pg_sys::index_close(opened, pg_sys::AccessShareLock as i32);
        }
        found
    }
}

impl Target {
    /// What a principal may do with the row of this key; `None` where there is no such row.
    pub fn verdict(&self, ring: &Rc<Ring>, key: &str, snap: &Snap) -> Result<Option<Verdict>> {
        self.with_row(key, snap, |row| super::parent::verdict(self, ring, row, snap))
    }

    /// Calls `use_row` with the columns of the row of this key: those of the shape, then those that name the parent.
    pub fn with_row<T>(
        &self,
        key: &str,
        snap: &Snap,
        use_row: impl FnOnce(&Vec<Option<pg_sys::Datum>>) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(texts) = super::key::split(&self.key_types()?, key) else {
            return Ok(None);
        };
        let values: Option<Vec<pg_sys::Datum>> =
            self.key_types()?.iter().zip(&texts).map(|(ty, text)| super::key::datum(*ty, text)).collect();
        match values {
            Some(values) => self.with_row_of(&values, snap, use_row),
            None => Ok(None),
        }
    }

    /// Whether its rows can be found by a key.
    pub fn has_key(&self) -> bool {
        self.key.is_some()
    }

    /// The types of the key's columns: 55000 where the table has no key.
    pub fn key_types(&self) -> Result<Vec<pg_sys::Oid>> {
        match &self.key {
            Some(columns) => Ok(columns.iter().map(|c| c.ty).collect()),
            None => Err(wrong_state(
                format!("table {} is protected without a key", name_of(self.relation)?),
                "Give it a primary key or a unique index, and protect it again with the option \"key\".",
            )),
        }
    }

    /// The same for a key as values of the key's types.
    pub fn with_row_of<T>(
        &self,
        key: &[pg_sys::Datum],
        snap: &Snap,
        use_row: impl FnOnce(&Vec<Option<pg_sys::Datum>>) -> Result<T>,
    ) -> Result<Option<T>> {
        let Some(columns) = self.key.as_ref().filter(|columns| columns.len() == key.len()) else {
            return Ok(None);
        };
        let doubtful = tree::is_partitioned(self.relation);
        let mut row = None;
        for part in &self.parts {
            // A key that is there twice, which PostgreSQL does not keep from happening in partitions, names no row.
            if !part.find(columns, key, snap, doubtful, &mut row)? {
                return Ok(None);
            }
        }
        row.map(|row| use_row(&row)).transpose()
    }

    /// The shape of its rows.
    pub fn shape(&self) -> &Rc<Shape> {
        &self.shape
    }

    /// The types of the columns that name the parent's row, which stand in a row after those of the shape.
    pub fn parent_types(&self) -> Vec<pg_sys::Oid> {
        self.parent.clone()
    }

    /// The types of the shape's columns.
    pub fn types(&self) -> Vec<Type> {
        self.types.clone()
    }

    /// A key as a condition of SQL, and the columns to read it back; `None` where it is no key of this table.
    pub fn key_condition(&self, key: &str) -> Result<Option<(Vec<String>, String)>> {
        let (Some(columns), Some(names)) = (&self.key, &self.spec.key) else {
            return Ok(None);
        };
        let types: Vec<pg_sys::Oid> = columns.iter().map(|c| c.ty).collect();
        let Some(texts) = super::key::split(&types, key) else {
            return Ok(None);
        };
        let (mut quoted, mut conditions) = (Vec::new(), Vec::new());
        for ((name, ty), text) in names.columns().iter().zip(&types).zip(&texts) {
            if super::key::datum(*ty, text).is_none() {
                return Ok(None);
            }
            let column = pgrx::spi::quote_identifier(name);
            let literal = pgrx::spi::quote_literal(text);
            conditions.push(format!("{column} = {literal}::{}", super::key::type_name(*ty)));
            quoted.push(column);
        }
        Ok(Some((quoted, conditions.join(" AND "))))
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

impl Part {
    /// Puts the row of a key into `found`; false where there is another already, in this partition (if `doubtful`) or
    /// in one before it.
    fn find(
        &self,
        columns: &[KeyColumn],
        key: &[pg_sys::Datum],
        snap: &Snap,
        doubtful: bool,
        found: &mut Option<Vec<Option<pg_sys::Datum>>>,
    ) -> Result<bool> {
        let Some((index, order)) = &self.index else {
            return Ok(true);
        };
        let mut scan_keys = Vec::new();
        for at in order {
            let (Some(column), Some(attno), Some(value)) = (columns.get(*at), self.key.get(*at), key.get(*at)) else {
                return Ok(true);
            };
            let mut scan_key = pg_sys::ScanKeyData::default();
            // SAFETY: fills in the scan key for one column of the index, in the index's order.
            unsafe {
                pg_sys::ScanKeyInit(
                    &mut scan_key,
                    *attno,
                    pg_sys::BTEqualStrategyNumber as u16,
                    pg_sys::Oid::from(super::key::equality(column.ty)?),
                    *value,
                );
            }
            scan_key.sk_collation = column.collation;
            scan_keys.push(scan_key);
        }
        let mut only = true;
        // SAFETY: the relation is opened with a lock and closed; the tuple is copied before the scan ends. The row is
        // read past row security: the verdict about it is what is asked for.
        unsafe {
            let rel = pg_sys::table_open(self.relation, pg_sys::AccessShareLock as i32);
            let scan = pg_sys::systable_beginscan(
                rel,
                *index,
                true,
                snap.pointer(),
                scan_keys.len() as i32,
                scan_keys.as_mut_ptr(),
            );
            loop {
                let tuple = pg_sys::systable_getnext(scan);
                if tuple.is_null() {
                    break;
                }
                if found.is_some() {
                    only = false;
                    break;
                }
                let tuple = pg_sys::heap_copytuple(tuple);
                let natts = (*(*rel).rd_att).natts as usize;
                let (mut values, mut nulls) = (vec![pg_sys::Datum::from(0usize); natts], vec![true; natts]);
                pg_sys::heap_deform_tuple(tuple, (*rel).rd_att, values.as_mut_ptr(), nulls.as_mut_ptr());
                let cell = |attno: &i16| {
                    let at = (*attno - 1) as usize;
                    if nulls[at] { None } else { Some(values[at]) }
                };
                *found = Some(self.columns.iter().map(cell).collect());
                if !doubtful {
                    break;
                }
            }
            pg_sys::systable_endscan(scan);
            pg_sys::table_close(rel, pg_sys::AccessShareLock as i32);
        }
        Ok(only)
    }
}
