//! Tables whose rows are decided by another table's rows: what `acl_protect` was told, and the verdict about a row
//! together with its parent's.

use std::rc::Rc;

use docacl_core::parent::{Asked, below};
use docacl_core::verdict::{Because, Rule, Verdict};
use docacl_core::{Actions, SubjectKind, action, kind};
use pgrx::pg_sys;
use serde_json::{Map, Value};

use super::columns::{Table, object};
use super::functions::name_of;
use super::key::Names;
use super::spec::{ParentSpec, Spec};
use super::target::{self, Target};
use crate::admin::words::unknown_word;
use crate::error::{self, Result, bad, inconsistent, wrong_state, wrong_type};
use crate::facts;
use crate::ring::Ring;
use crate::scan::Snap;
use crate::value::Type;

/// More parents above one another than this are refused, and closed where they came about all the same.
pub const MOST: usize = 16;

impl ParentSpec {
    /// The table that this names now; `None` where there is none.
    pub fn oid(&self) -> Option<pg_sys::Oid> {
        let schema = std::ffi::CString::new(self.schema.as_str()).ok()?;
        let name = std::ffi::CString::new(self.relation.as_str()).ok()?;
        // SAFETY: look-ups in the catalogue's caches.
        let oid = unsafe {
            let schema = pg_sys::get_namespace_oid(schema.as_ptr(), true);
            pg_sys::get_relname_relid(name.as_ptr(), schema)
        };
        if oid == pg_sys::Oid::INVALID { None } else { Some(oid) }
    }

    /// What each command asks of the parent's row.
    pub fn asked(&self) -> Asked {
        let of = Actions::from_bits_retain;
        Asked { select: of(self.select), insert: of(self.insert), update: of(self.update), delete: of(self.delete) }
    }

    /// The table's name, quoted and schema-qualified.
    pub fn name(&self) -> String {
        format!("{}.{}", pgrx::spi::quote_identifier(&self.schema), pgrx::spi::quote_identifier(&self.relation))
    }
}

/// Writes the relation that option "parent" names with its schema: called before search_path is pinned.
pub fn qualify(part: &mut Value) -> Result<()> {
    let Some(relation) = part.get_mut("parent").and_then(|p| p.get_mut("relation")) else {
        return Ok(());
    };
    let Some(name) = relation.as_str() else {
        return Ok(()); // Refused by `read`.
    };
    let text = std::ffi::CString::new(name).map_err(|_| wrong_relation())?;
    // SAFETY: PostgreSQL's own reading of a name, and its look-up; both raise what they do not like.
    let oid = unsafe {
        let names = pg_sys::stringToQualifiedNameList(
            text.as_ptr(),
            #[cfg(not(feature = "pg15"))]
            std::ptr::null_mut(),
        );
        let range = pg_sys::makeRangeVarFromNameList(names);
        pg_sys::RangeVarGetRelidExtended(range, pg_sys::NoLock as i32, 0, None, std::ptr::null_mut())
    };
    // As a pair, which nothing has to take apart again.
    let (schema, name) = schema_and_name(oid)?;
    *relation = Value::Array(vec![Value::from(schema), Value::from(name)]);
    Ok(())
}

pub fn schema_and_name(relation: pg_sys::Oid) -> Result<(String, String)> {
    // SAFETY: look-ups in the catalogue's caches; the names are copies.
    unsafe {
        let name = pg_sys::get_rel_name(relation);
        let schema = pg_sys::get_namespace_name(pg_sys::get_rel_namespace(relation));
        if name.is_null() || schema.is_null() {
            return Err(wrong_relation());
        }
        let text = |s| std::ffi::CStr::from_ptr(s).to_string_lossy().into_owned();
        Ok((text(schema), text(name)))
    }
}

fn wrong_relation() -> pgrx::pg_sys::panic::ErrorReport {
    bad(
        "\"parent\" must name a protected table and the column that refers to it",
        "Write {\"relation\": \"documents\", \"column\": \"document_id\"}, and \"actions\" where they differ from the usual.",
    )
}

/// Takes the parent out of the gates, or finds it among the options.
pub fn written(gates: &mut Map<String, Value>, options: &Map<String, Value>) -> Result<Option<Map<String, Value>>> {
    let (gate, option) = (gates.remove("parent"), options.get("parent").filter(|v| !v.is_null()));
    let value = match (gate, option) {
        (None, None) => return Ok(None),
        (Some(_), Some(_)) => {
            return Err(bad("\"parent\" is given twice", "Write it among the gates or among the options."));
        }
        (Some(value), None) => value,
        (None, Some(value)) => value.clone(),
    };
    Ok(Some(object(&value, "parent")?.clone()))
}

/// The parent that was written, compared with both tables.
pub fn read(table: &Table, written: &Map<String, Value>, snap: &Snap) -> Result<ParentSpec> {
    if let Some(word) = written.keys().find(|w| !["relation", "column", "actions"].contains(&w.as_str())) {
        return Err(bad(
            format!("unknown word \"{word}\" in \"parent\""),
            "The words are relation, column and actions.",
        ));
    }
    let (schema, relation) = match written.get("relation").and_then(Value::as_array).map(Vec::as_slice) {
        Some([Value::String(schema), Value::String(name)]) => (schema.clone(), name.clone()),
        _ => return Err(wrong_relation()),
    };
    let column = written.get("column").and_then(Names::read).ok_or_else(wrong_relation)?;
    let asked = read_actions(written.get("actions"), snap)?;
    let spec = ParentSpec {
        schema,
        relation,
        column,
        select: asked.select.bits(),
        insert: asked.insert.bits(),
        update: asked.update.bits(),
        delete: asked.delete.bits(),
    };
    let oid = spec.oid().ok_or_else(wrong_relation)?;
    // SAFETY: a lock by OID, kept to the end of the transaction: the parent stays what it is meanwhile.
    unsafe { pg_sys::LockRelationOid(oid, pg_sys::AccessShareLock as i32) };
    refuse_cycle(table.oid, oid)?;
    let parent = target::of(oid)?;
    let types = parent.key_types()?;
    if types.len() != spec.column.columns().len() {
        return Err(bad(
            format!("the key of table {} has {} columns", spec.name(), types.len()),
            "Name as many columns in \"parent\", in the order of that key.",
        ));
    }
    for (name, ty) in spec.column.columns().iter().zip(types) {
        let column = table.column(name)?;
        if Type::of(column.ty) != Type::of(ty) {
            return Err(wrong_type(
                format!("column \"{name}\" is not of the type of the key of table {}", spec.name()),
                format!("Make it {}, as the key that it refers to.", super::key::type_name(ty)),
            ));
        }
        if column.generated {
            return Err(error::unsupported(
                format!("generated column \"{name}\" cannot refer to a parent"),
                "A generated column has no value yet when a new row is judged: use the column that it is generated from.",
            ));
        }
    }
    Ok(spec)
}

fn read_actions(written: Option<&Value>, snap: &Snap) -> Result<Asked> {
    let mut asked = Asked::default();
    let Some(written) = written.filter(|v| !v.is_null()) else {
        return Ok(asked);
    };
    let custom = facts::custom_actions(snap)?;
    for (command, word) in object(written, "actions")? {
        let of = match command.as_str() {
            "select" => &mut asked.select,
            "insert" => &mut asked.insert,
            "update" => &mut asked.update,
            "delete" => &mut asked.delete,
            _ => {
                return Err(bad(
                    format!("unknown command \"{command}\" in \"actions\""),
                    "The commands are select, insert, update and delete.",
                ));
            }
        };
        let word = word
            .as_str()
            .ok_or_else(|| bad(format!("no action is given for \"{command}\""), "Write {\"select\": \"download\"}."))?;
        *of = action::asked_by(word, kind::APPLICABLE_TO_ROWS, &custom).map_err(|e| unknown_word(&e, &custom))?;
    }
    Ok(asked)
}

/// 23514 where a table would be decided by itself.
fn refuse_cycle(child: pg_sys::Oid, parent: pg_sys::Oid) -> Result<()> {
    let mut at = Some(parent);
    for _ in 0..MOST {
        let Some(oid) = at else { return Ok(()) };
        if oid == child {
            return Err(inconsistent(
                format!("table {} would be its own parent", name_of(child)?),
                "Parents lead to a table that is decided by gates of its own.",
            ));
        }
        at = target::of(oid)?.spec.parent.as_ref().and_then(ParentSpec::oid);
    }
    Err(inconsistent(
        format!("table {} has too many parents above one another", name_of(child)?),
        format!("At most {MOST} tables may decide one another."),
    ))
}

/// 22023 where a table with nothing but a parent is given options that need a verdict of its own.
pub fn alone(spec: &Spec) -> Result<()> {
    let (requester, immutable) = (spec.requester.is_some(), spec.immutable.is_some());
    if requester || immutable || spec.deleted.is_some() {
        let word = if requester {
            "requester"
        } else if immutable {
            "immutable"
        } else {
            "deleted"
        };
        return Err(bad(
            format!("option \"{word}\" of a table that has a parent and nothing else"),
            "Its rows are decided by their parent's rows: give the table a gate or an owner too.",
        ));
    }
    Ok(())
}

/// A protected table whose rows are decided by this one's, if there is one.
pub fn child_of(relation: pg_sys::Oid, snap: &Snap) -> Result<Option<String>> {
    for table in facts::protected_tables(snap)? {
        if Spec::from_json(table.spec)?.parent.and_then(|p| p.oid()) == Some(relation) {
            return Ok(Some(name_of(table.relation)?));
        }
    }
    Ok(None)
}

/// 55006 where a table whose key changes, or which is unprotected, decides another's rows.
pub fn refuse_children(relation: pg_sys::Oid, snap: &Snap) -> Result<()> {
    match child_of(relation, snap)? {
        None => Ok(()),
        Some(child) => Err(error::in_use(
            format!("the rows of table {} decide those of table {child}", name_of(relation)?),
            format!("Protect {child} without this parent first, or unprotect it."),
        )),
    }
}

/// What a principal may do with a row of a protected table, by its own gates and its parent's row. `row`: as
/// [`Target::with_row`] hands it over.
pub fn verdict(target: &Target, ring: &Rc<Ring>, row: &[Option<pg_sys::Datum>], snap: &Snap) -> Result<Verdict> {
    at_depth(target, ring, row, snap, 0)
}

fn at_depth(
    target: &Target,
    ring: &Rc<Ring>,
    row: &[Option<pg_sys::Datum>],
    snap: &Snap,
    depth: usize,
) -> Result<Verdict> {
    let own = if target.spec.decides() { Some(target.bind(ring, snap)?.verdict(row, snap)?) } else { None };
    let Some(parent) = &target.spec.parent else {
        return Ok(own.unwrap_or(CLOSED));
    };
    let types = target.parent_types();
    let key = key_of(row, &types);
    let above = match (key, parent.oid()) {
        (Some(key), Some(oid)) => of_parent(oid, ring, &types, &key, snap, depth + 1)?,
        _ => nothing(ring),
    };
    Ok(below(own, above, &parent.asked()))
}

/// The key of the parent's row, which stands at the end of a row; `None` where part of it is null.
fn key_of(row: &[Option<pg_sys::Datum>], types: &[pg_sys::Oid]) -> Option<Vec<pg_sys::Datum>> {
    let at = row.len().checked_sub(types.len())?;
    row.get(at..)?.iter().copied().collect()
}

/// The parent table of a row with the key of the parent's row as it is written; `None` where the row has none.
pub fn parent_of(target: &Target, row: &[Option<pg_sys::Datum>]) -> Result<Option<(pg_sys::Oid, String)>> {
    let types = target.parent_types();
    let (Some(parent), Some(key)) = (target.spec.parent.as_ref().and_then(ParentSpec::oid), key_of(row, &types)) else {
        return Ok(None);
    };
    let texts = types
        .iter()
        .zip(key)
        .map(|(ty, datum)| match Type::of(*ty) {
            Type::Text => crate::value::read_text(datum),
            ty => Ok(crate::value::read_value(ty, datum)?.to_key()),
        })
        .collect::<Result<Vec<_>>>()?;
    Ok(Some((parent, super::key::join(&types, &texts))))
}

const CLOSED: Verdict = Verdict { actions: Actions::empty(), rule: Rule::Gates, because: Because::empty() };

/// What there is to do with a row of which no parent's row can be found: nothing, but for system.
fn nothing(ring: &Ring) -> Verdict {
    match ring.subject.kind {
        SubjectKind::System => Verdict { actions: Actions::EVERYTHING, rule: Rule::System, because: Because::empty() },
        _ => CLOSED,
    }
}

/// The same for a key that may have nulls: nothing then, but for system.
pub fn verdict_of_key(
    parent: pg_sys::Oid,
    ring: &Rc<Ring>,
    types: &[pg_sys::Oid],
    key: Option<&[pg_sys::Datum]>,
    snap: &Snap,
) -> Result<Verdict> {
    match key {
        Some(key) => of_parent(parent, ring, types, key, snap, 1),
        None => Ok(nothing(ring)),
    }
}

/// What a principal may do with the parent's row of this key.
pub fn of_parent(
    parent: pg_sys::Oid,
    ring: &Rc<Ring>,
    types: &[pg_sys::Oid],
    key: &[pg_sys::Datum],
    snap: &Snap,
    depth: usize,
) -> Result<Verdict> {
    if matches!(ring.subject.kind, SubjectKind::System | SubjectKind::Nobody) || depth > MOST {
        return Ok(nothing(ring));
    }
    // A parent that is no longer protected, or keyed otherwise, decides nothing: the row is closed.
    let Some(target) = target::known(parent)? else {
        return Ok(CLOSED);
    };
    if !fits(&target, types)? {
        return Ok(CLOSED);
    }
    let found = target.with_row_of(key, snap, |row| at_depth(&target, ring, row, snap, depth))?;
    Ok(found.map_or(CLOSED, Verdict::of_existing))
}

/// Whether there is a parent's row of this key among everything committed by now.
pub fn exists(parent: pg_sys::Oid, types: &[pg_sys::Oid], key: &[pg_sys::Datum]) -> Result<bool> {
    let target = target::of(parent)?;
    if !fits(&target, types)? {
        return Err(wrong_state(
            format!("the key of table {} is not what its children refer to", name_of(parent)?),
            "Protect the tables again with acl_protect.",
        ));
    }
    Ok(target.with_row_of(key, &Snap::latest(), |_| Ok(()))?.is_some())
}

/// Whether values of these types are a key of the table.
fn fits(target: &Target, types: &[pg_sys::Oid]) -> Result<bool> {
    let of = |types: &[pg_sys::Oid]| types.iter().map(|t| Type::of(*t)).collect::<Vec<_>>();
    Ok(target.has_key() && of(&target.key_types()?) == of(types))
}
