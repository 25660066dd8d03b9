//! Reading and changing the rows that a trigger is given.

use docacl_core::Actions;
use pgrx::pg_sys;

use crate::bound::Row;
use crate::descriptor::attributes;
use crate::error::{Result, internal};
use crate::protect::Spec;
use crate::protect::key::Names;
use crate::protect::spec::PrincipalColumn;
use crate::shape::By;

/// A column of the table.
#[derive(Debug, Clone, Copy)]
pub struct Column {
    pub attno: i16,
    pub ty: pg_sys::Oid,
}

/// What an ordinary or mapped column asks when it changes.
#[derive(Debug, Clone)]
pub struct Asked {
    pub column: Column,
    /// None: an ordinary column.
    pub action: Option<Actions>,
}

/// A column that names a principal.
#[derive(Debug, Clone, Copy)]
pub struct Who {
    pub column: Column,
    pub by: By,
}

/// Where in the table everything is.
pub struct Columns {
    pub shape: Vec<Column>,
    pub new_shape: Vec<Column>,
    /// Per gate of the spec, its references.
    pub gates: Vec<Vec<Column>>,
    /// The columns of the key; none: no key.
    pub key: Vec<Column>,
    /// The columns that name the parent's row.
    pub parent: Vec<Column>,
    pub owner: Option<Who>,
    pub requester: Option<Who>,
    pub own_acl: Option<Column>,
    pub immutable: Option<Column>,
    pub deleted: Option<Column>,
    pub deleted_by: Option<Who>,
    /// The columns mapped to actions of their own, in the order of their names.
    pub mapped: Vec<Column>,
    /// Every other column that can be written.
    pub others: Vec<Asked>,
}

impl Columns {
    /// Finds the columns of a spec in a relation. A column that is gone is an error: nothing is written then.
    pub unsafe fn of(relation: pg_sys::Relation, spec: &Spec) -> Result<Columns> {
        // SAFETY: the caller's relation is open.
        let attributes: Vec<(String, Column, bool)> = unsafe {
            attributes((*relation).rd_att)
                .into_iter()
                .filter(|a| !a.attisdropped)
                .map(|a| {
                    let name = std::ffi::CStr::from_ptr(a.attname.data.as_ptr()).to_string_lossy().into_owned();
                    (name, Column { attno: a.attnum, ty: a.atttypid }, a.attgenerated != 0)
                })
                .collect()
        };
        let find = |name: &str| {
            attributes.iter().find(|(n, ..)| n == name).map(|(_, c, _)| *c).ok_or_else(|| {
                crate::error::wrong_state(
                    format!("column \"{name}\" of a protected table is gone"),
                    "Protect the table again with acl_protect.",
                )
            })
        };
        let who = |c: &Option<PrincipalColumn>| -> Result<Option<Who>> {
            c.as_ref().map(|c| Ok(Who { column: find(&c.column)?, by: c.by })).transpose()
        };
        let one = |c: &Option<String>| -> Result<Option<Column>> { c.as_deref().map(find).transpose() };
        let list = |names: Vec<&str>| -> Result<Vec<Column>> { names.into_iter().map(find).collect() };
        for name in spec.columns.keys() {
            find(name)?; // Renamed, its change would ask for nothing but write.
        }
        let key = column_names(spec.key.as_ref());
        let special: Vec<&str> = spec.shape_columns().into_iter().chain(key.iter().copied()).collect();
        Ok(Columns {
            shape: list(spec.shape_columns())?,
            new_shape: list(spec.new_shape_columns())?,
            gates: spec
                .gates
                .iter()
                .map(|g| list(g.refs.iter().map(|r| r.column.as_str()).collect()))
                .collect::<Result<_>>()?,
            key: list(key.clone())?,
            parent: list(column_names(spec.parent.as_ref().map(|p| &p.column)))?,
            owner: who(&spec.owner)?,
            requester: who(&spec.requester)?,
            own_acl: one(&spec.own_acl)?,
            immutable: one(&spec.immutable)?,
            deleted: one(&spec.deleted)?,
            deleted_by: who(&spec.deleted_by)?,
            mapped: list(spec.columns.keys().map(String::as_str).collect())?,
            others: attributes
                .iter()
                .filter(|(name, _, generated)| !generated && !special.contains(&name.as_str()))
                .map(|(name, column, _)| Asked { column: *column, action: spec.mapped(name) })
                .collect(),
        })
    }
}

/// A column of a relation by its name. One that is gone is an error: nothing is written then.
pub unsafe fn column(relation: pg_sys::Relation, name: &str) -> Result<Column> {
    // SAFETY: the caller's relation is open.
    let attributes = unsafe { attributes((*relation).rd_att) };
    let found = attributes.iter().find(|a| {
        // SAFETY: a name of the descriptor, which ends in zero.
        let attname = unsafe { std::ffi::CStr::from_ptr(a.attname.data.as_ptr()) };
        !a.attisdropped && attname.to_str() == Ok(name)
    });
    found.map(|a| Column { attno: a.attnum, ty: a.atttypid }).ok_or_else(|| {
        crate::error::wrong_state(
            format!("column \"{name}\" of a mirrored table is gone"),
            "Mirror the table again with acl_mirror.",
        )
    })
}

fn column_names(names: Option<&Names>) -> Vec<&str> {
    names.into_iter().flat_map(Names::columns).map(String::as_str).collect()
}

impl Columns {
    /// The columns that decide about a row or ask an action of their own: in the order of the spec, whatever the order
    /// of the table.
    pub fn judged(&self) -> impl Iterator<Item = Column> {
        self.shape
            .iter()
            .copied()
            .chain(self.key.iter().copied())
            .chain(self.parent.iter().copied())
            .chain(self.mapped.iter().copied())
    }
}

/// A row taken apart.
pub struct Values {
    values: Vec<pg_sys::Datum>,
    nulls: Vec<bool>,
}

impl Values {
    /// Takes a tuple apart.
    pub unsafe fn of(tuple: pg_sys::HeapTuple, relation: pg_sys::Relation) -> Result<Values> {
        if tuple.is_null() {
            return Err(internal("a row trigger without a row"));
        }
        // SAFETY: tuple and descriptor belong together; the vectors have room for every attribute.
        unsafe {
            let descriptor = (*relation).rd_att;
            let natts = (*descriptor).natts as usize;
            let mut out = Values { values: vec![pg_sys::Datum::from(0usize); natts], nulls: vec![true; natts] };
            pg_sys::heap_deform_tuple(tuple, descriptor, out.values.as_mut_ptr(), out.nulls.as_mut_ptr());
            Ok(out)
        }
    }

    /// The value of a column; `None` where it is null.
    pub fn get(&self, column: Column) -> Option<pg_sys::Datum> {
        let at = usize::try_from(column.attno).ok()?.checked_sub(1)?;
        if *self.nulls.get(at)? { None } else { self.values.get(at).copied() }
    }

    /// Sets a column.
    pub fn set(&mut self, column: Column, value: Option<pg_sys::Datum>) {
        if let Some(at) = usize::try_from(column.attno).ok().and_then(|a| a.checked_sub(1))
            && let (Some(v), Some(n)) = (self.values.get_mut(at), self.nulls.get_mut(at))
        {
            *n = value.is_none();
            *v = value.unwrap_or(pg_sys::Datum::from(0usize));
        }
    }

    /// The tuple with these values in some of its columns.
    pub unsafe fn into_tuple(
        self,
        tuple: pg_sys::HeapTuple,
        relation: pg_sys::Relation,
        changed: &[Column],
    ) -> pg_sys::HeapTuple {
        if changed.is_empty() {
            return tuple;
        }
        let mut columns: Vec<i32> = changed.iter().map(|c| i32::from(c.attno)).collect();
        let mut values: Vec<pg_sys::Datum> =
            changed.iter().map(|c| self.get(*c).unwrap_or(pg_sys::Datum::from(0usize))).collect();
        let mut nulls: Vec<bool> = changed.iter().map(|c| self.get(*c).is_none()).collect();
        // SAFETY: the arrays have as many entries as said.
        unsafe {
            pg_sys::heap_modify_tuple_by_cols(
                tuple,
                (*relation).rd_att,
                columns.len() as i32,
                columns.as_mut_ptr(),
                values.as_mut_ptr(),
                nulls.as_mut_ptr(),
            )
        }
    }

    /// The columns of a shape, as arguments of a check.
    pub fn row(&self, columns: &[Column]) -> Vec<Option<pg_sys::Datum>> {
        columns.iter().map(|c| self.get(*c)).collect()
    }
}

impl Row for Vec<Option<pg_sys::Datum>> {
    fn get(&self, at: usize) -> Option<pg_sys::Datum> {
        self.as_slice().get(at).copied().flatten()
    }
}

/// Whether a column's value IS DISTINCT FROM what it was.
pub unsafe fn distinct(column: Column, old: &Values, new: &Values) -> bool {
    match (old.get(column), new.get(column)) {
        (None, None) => false,
        // SAFETY: both are values of the column's type.
        (Some(a), Some(b)) => unsafe { !equal(column.ty, a, b) },
        _ => true,
    }
}

/// Whether two values are the same bytes.
unsafe fn same_image(a: pg_sys::Datum, b: pg_sys::Datum, by_value: bool, len: i16) -> bool {
    if by_value {
        return a.value() == b.value();
    }
    // SAFETY: values of a type passed by reference, of that length or, for a varlena, of the length it says.
    unsafe {
        let (pa, pb) = (a.cast_mut_ptr::<u8>(), b.cast_mut_ptr::<u8>());
        let size = |p: *mut u8| match len {
            -1 => pgrx::varlena::varsize_any(p.cast()),
            len => usize::try_from(len).unwrap_or(0),
        };
        let (sa, sb) = (size(pa), size(pb));
        sa == sb && sa > 0 && std::slice::from_raw_parts(pa, sa) == std::slice::from_raw_parts(pb, sb)
    }
}

/// Whether two values are equal: by their images, else by the type's own equality; no equality: not equal.
unsafe fn equal(ty: pg_sys::Oid, a: pg_sys::Datum, b: pg_sys::Datum) -> bool {
    // SAFETY: the type cache describes the type of both values.
    unsafe {
        let cache = &*pg_sys::lookup_type_cache(ty, pg_sys::TYPECACHE_EQ_OPR_FINFO as i32);
        if same_image(a, b, cache.typbyval, cache.typlen) {
            return true;
        }
        if cache.eq_opr_finfo.fn_oid == pg_sys::Oid::INVALID {
            return false;
        }
        let finfo = &cache.eq_opr_finfo as *const pg_sys::FmgrInfo as *mut pg_sys::FmgrInfo;
        let collation =
            if cache.typcollation == pg_sys::Oid::INVALID { pg_sys::DEFAULT_COLLATION_OID } else { cache.typcollation };
        pg_sys::FunctionCall2Coll(finfo, collation, a, b).value() & 0xff != 0
    }
}

/// Whether a value of a new row is what the column has when nobody says anything: its constant default, or null where
/// it has none.
pub unsafe fn is_default(relation: pg_sys::Relation, column: Column, values: &Values) -> bool {
    let value = values.get(column);
    // SAFETY: the relation is open; build_column_default gives an expression or null.
    unsafe {
        let expression = pg_sys::build_column_default(relation, i32::from(column.attno));
        if expression.is_null() {
            return value.is_none();
        }
        let folded = pg_sys::eval_const_expressions(std::ptr::null_mut(), expression);
        if (*folded).type_ != pg_sys::NodeTag::T_Const {
            return false;
        }
        let constant = &*(folded as *const pg_sys::Const);
        match value {
            None => constant.constisnull,
            Some(value) => !constant.constisnull && equal(column.ty, value, constant.constvalue),
        }
    }
}
