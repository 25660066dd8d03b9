//! What the catalogue says of a table: which of its columns have an index, which values are frequent. Read by its OID,
//! because the conditions are made before the planner has looked at the table itself.

use std::collections::HashMap;

use pgrx::pg_sys;

use super::nodes::{Column, items};
use crate::memo::Value;
use crate::open::Array;
use crate::value::{Type, read_text, read_value};

/// What the planner takes for granted where nothing is known.
const DEFAULT_DISTINCT: f64 = 200.0;

/// A table, as far as planning cares.
pub struct Table {
    relid: pg_sys::Oid,
    /// How many rows, or a guess.
    rows: f64,
    /// Statistics are those of the partitions together.
    partitioned: bool,
    not_null: Vec<bool>,
    indexes: Vec<Index>,
}

struct Index {
    method: pg_sys::Oid,
    unique: bool,
    partial: bool,
    columns: Vec<i16>,
}

/// How an index can be asked for a column.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Access {
    None,
    /// It has part of the rows.
    Partial,
    /// By a bitmap: a hash, or a btree that begins with another column.
    Bitmap,
    /// A btree that begins with it.
    First,
}

impl Table {
    /// # Safety
    ///
    /// A relation that the planner has locked.
    pub unsafe fn of(relid: pg_sys::Oid) -> Table {
        // SAFETY: opened without a lock, since there is one; its descriptor and list of indexes are read and released.
        unsafe {
            let rel = pg_sys::table_open(relid, pg_sys::NoLock as i32);
            let form = &*(*rel).rd_rel;
            let descriptor = (*rel).rd_att;
            let natts = usize::try_from((*descriptor).natts).unwrap_or(0);
            let list = pg_sys::RelationGetIndexList(rel);
            let table = Table {
                relid,
                rows: if form.reltuples > 0.0 { f64::from(form.reltuples) } else { 1000.0 },
                partitioned: form.relkind as u8 == pg_sys::RELKIND_PARTITIONED_TABLE,
                not_null: (0..natts).map(|at| never_null(descriptor, at)).collect(),
                indexes: items(list).iter().filter_map(|cell| Index::of(cell.oid_value)).collect(),
            };
            pg_sys::list_free(list);
            pg_sys::table_close(rel, pg_sys::NoLock as i32);
            table
        }
    }

    /// Whether the column can hold no null.
    pub fn never_null(&self, column: Column) -> bool {
        usize::try_from(column.attno() - 1).is_ok_and(|at| self.not_null.get(at) == Some(&true))
    }

    /// The best way to rows by a value of this column.
    pub fn access(&self, column: Column) -> Access {
        let of = |index: &Index| match index.columns.iter().position(|attno| *attno == column.attno()) {
            None => Access::None,
            Some(_) if index.partial => Access::Partial,
            Some(0) if index.method == pg_sys::BTREE_AM_OID => Access::First,
            Some(_) => Access::Bitmap,
        };
        self.indexes.iter().map(of).max().unwrap_or(Access::None)
    }

    /// Whether an index finds the rows that are null in this column.
    pub fn finds_null(&self, column: Column) -> bool {
        let finds = |index: &Index| {
            index.method == pg_sys::BTREE_AM_OID && !index.partial && index.columns.contains(&column.attno())
        };
        self.indexes.iter().any(finds)
    }

    /// Whether the conditions ask for a row by a unique key: then no list of references makes it faster, and making one
    /// for the planner's estimate would cost more than the row.
    ///
    /// # Safety
    ///
    /// Conditions of the planner's.
    pub unsafe fn finds_one_row(&self, varno: usize, clauses: impl Iterator<Item = *mut pg_sys::Node>) -> bool {
        let mut equal = Vec::new();
        for clause in clauses {
            // SAFETY: see above; what a node is its tag says.
            unsafe {
                let clause = clause.cast::<pg_sys::OpExpr>();
                if clause.is_null() || (*clause).xpr.type_ != pg_sys::NodeTag::T_OpExpr {
                    continue;
                }
                let [left, right] = items((*clause).args) else { continue };
                if pg_sys::get_oprrest((*clause).opno) != pg_sys::Oid::from(pg_sys::F_EQSEL) {
                    continue;
                }
                for side in [left, right] {
                    if let Some(column) = Column::of(side.ptr_value.cast()).filter(|c| c.varno() == varno) {
                        equal.push(column.attno());
                    }
                }
            }
        }
        let found = |index: &Index| index.unique && !index.partial && index.columns.iter().all(|c| equal.contains(c));
        !equal.is_empty() && self.indexes.iter().any(found)
    }

    /// Which part of the rows has no value in this column.
    pub fn part_null(&self, column: Column) -> f64 {
        if self.never_null(column) { 0.0 } else { self.statistics(column, &Array::Ints(vec![])).0 }
    }

    /// Which part of the rows refers to one of these.
    pub fn part(&self, column: Column, values: &Array) -> f64 {
        self.statistics(column, values).1
    }

    /// The part that is null, and the part that is one of these values.
    fn statistics(&self, column: Column, values: &Array) -> (f64, f64) {
        // SAFETY: a look-up in the catalogue's caches, released; the slot's values live until it is freed.
        unsafe {
            let tuple = pg_sys::SearchSysCache3(
                pg_sys::SysCacheIdentifier::STATRELATTINH as i32,
                pg_sys::Datum::from(self.relid),
                pg_sys::Datum::from(column.attno()),
                pg_sys::Datum::from(self.partitioned),
            );
            if tuple.is_null() {
                return (0.0, (values.len() as f64 / DEFAULT_DISTINCT).min(1.0));
            }
            let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_statistic>();
            let null = f64::from(form.stanullfrac);
            let distinct = match f64::from(form.stadistinct) {
                part if part < 0.0 => -part * self.rows,
                0.0 => DEFAULT_DISTINCT,
                some => some,
            };
            let mut slot = pg_sys::AttStatsSlot::default();
            let (mut common, mut met, mut frequent, mut frequencies) = (0.0, 0.0, 0.0, 0.0);
            let wanted = (pg_sys::ATTSTATSSLOT_VALUES | pg_sys::ATTSTATSSLOT_NUMBERS) as i32;
            if values.len() > 0
                && pg_sys::get_attstatsslot(
                    &mut slot,
                    tuple,
                    pg_sys::STATISTIC_KIND_MCV as i32,
                    pg_sys::Oid::INVALID,
                    wanted,
                )
            {
                let count = usize::try_from(slot.nvalues.min(slot.nnumbers)).unwrap_or(0);
                let most_common = std::slice::from_raw_parts(slot.values, count);
                let numbers = std::slice::from_raw_parts(slot.numbers, count);
                frequencies = numbers.iter().map(|n| f64::from(*n)).sum();
                frequent = count as f64;
                (common, met) = common_among(column.ty, most_common, numbers, values);
                pg_sys::free_attstatsslot(&mut slot);
            }
            pg_sys::ReleaseSysCache(tuple);
            let rare = (1.0 - null - frequencies).max(0.0) / (distinct - frequent).max(1.0);
            let part = common + ((values.len() as f64 - met) * rare).min((1.0 - null - frequencies).max(0.0));
            (null, part.clamp(0.0, 1.0))
        }
    }
}

/// How many of the rows are of the most common values that are among these, and how many such values there are.
unsafe fn common_among(ty: Type, most_common: &[pg_sys::Datum], numbers: &[f32], values: &Array) -> (f64, f64) {
    let sum = |found: Vec<f32>| (found.iter().map(|n| f64::from(*n)).sum(), found.len() as f64);
    // The list of the most common values is short, what opens may be long.
    let pairs = most_common.iter().copied().zip(numbers.iter().copied());
    match values {
        Array::Ints(values) => {
            let mut by_value: HashMap<i64, f32> = pairs
                .filter_map(|(datum, n)| match read_value(ty, datum) {
                    Ok(Value::Int(i)) => Some((i, n)),
                    _ => None,
                })
                .collect();
            sum(values.iter().filter_map(|v| by_value.remove(v)).collect())
        }
        Array::Uuids(values) => {
            let mut by_value: HashMap<u128, f32> = pairs
                .filter_map(|(datum, n)| match read_value(ty, datum) {
                    Ok(Value::Uuid(u)) => Some((u, n)),
                    _ => None,
                })
                .collect();
            sum(values.iter().filter_map(|v| by_value.remove(&u128::from_be_bytes(*v.as_bytes()))).collect())
        }
        Array::Texts(values) => {
            let mut by_value: HashMap<String, f32> =
                pairs.filter_map(|(datum, n)| read_text(datum).ok().map(|text| (text, n))).collect();
            sum(values.iter().filter_map(|v| by_value.remove(v)).collect())
        }
    }
}

/// A NOT NULL that is not validated (18) says nothing of the rows that are there.
unsafe fn never_null(descriptor: pg_sys::TupleDesc, at: usize) -> bool {
    // SAFETY: the descriptor of an open relation, which has such a column.
    unsafe {
        #[cfg(feature = "pg18")]
        {
            let attribute = &*(*descriptor).compact_attrs.as_ptr().add(at);
            attribute.attnullability as u8 == pg_sys::ATTNULLABLE_VALID
        }
        #[cfg(not(feature = "pg18"))]
        {
            (*(*descriptor).attrs.as_ptr().add(at)).attnotnull
        }
    }
}

impl Index {
    /// A valid btree or hash index.
    unsafe fn of(oid: pg_sys::Oid) -> Option<Index> {
        // SAFETY: look-ups in the catalogue's caches, released.
        unsafe {
            let cache = pg_sys::SysCacheIdentifier::INDEXRELID as i32;
            let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(oid));
            if tuple.is_null() {
                return None;
            }
            let form = &*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_index>();
            let mut no_predicate = true;
            pg_sys::SysCacheGetAttr(cache, tuple, pg_sys::Anum_pg_index_indpred as i16, &mut no_predicate);
            let columns = form.indkey.values.as_slice(usize::try_from(form.indnkeyatts).unwrap_or(0)).to_vec();
            let (valid, unique) = (form.indisvalid, form.indisunique && form.indimmediate);
            pg_sys::ReleaseSysCache(tuple);
            let method = access_method(oid);
            let known = method == pg_sys::BTREE_AM_OID || method == pg_sys::HASH_AM_OID;
            (valid && known).then_some(Index { method, unique, partial: !no_predicate, columns })
        }
    }
}

unsafe fn access_method(index: pg_sys::Oid) -> pg_sys::Oid {
    // SAFETY: a look-up in the catalogue's caches, released.
    unsafe {
        let cache = pg_sys::SysCacheIdentifier::RELOID as i32;
        let tuple = pg_sys::SearchSysCache1(cache, pg_sys::Datum::from(index));
        if tuple.is_null() {
            return pg_sys::Oid::INVALID;
        }
        let method = (*pg_sys::GETSTRUCT(tuple).cast::<pg_sys::FormData_pg_class>()).relam;
        pg_sys::ReleaseSysCache(tuple);
        method
    }
}
