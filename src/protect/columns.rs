//! Reading what a person wrote to `acl_protect` and comparing it with the table: every column there, of a type
//! that fits, every word known.

use std::collections::BTreeMap;

use docacl_core::{action, kind};
use pgrx::pg_sys;
use serde_json::{Map, Value};

use super::catalog::{nulling_foreign_key, present_values_are_ids, refers_to_mirror, require_unique};
use super::key::Names;
use super::parent;
use super::spec::{GateSpec, PrincipalColumn, ReferenceColumn, Spec};
use crate::error::{self, Result, bad, wrong_type};
use crate::facts::{self, Kind};
use crate::scan::Snap;
use crate::shape::By;
use crate::value::Type;

/// A column as far as protecting cares.
#[derive(Debug, Clone)]
pub struct Column {
    pub name: String,
    pub ty: pg_sys::Oid,
    pub generated: bool,
    pub not_null: bool,
}

/// A table with its columns.
pub struct Table {
    pub oid: pg_sys::Oid,
    /// Quoted and schema-qualified.
    pub name: String,
    pub columns: Vec<Column>,
    /// The columns of its primary key; none: it has none.
    pub primary_key: Vec<String>,
}

const OPTIONS: [&str; 12] = [
    "key",
    "owner",
    "requester",
    "own_acl",
    "immutable",
    "deleted",
    "deleted_by",
    "columns",
    "required",
    "default",
    "parent",
    "enforce",
];

impl Table {
    /// A column by name: 42703 where the table has none.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.columns.iter().find(|c| c.name == name).ok_or_else(|| error::unknown_column(&self.name, name))
    }
}

/// What gates and options describe.
pub struct Written {
    pub spec: Spec,
    /// Whether it is to be the default documents table.
    pub is_default: bool,
    /// Whether docacl is to judge, or only to answer.
    pub enforce: bool,
}

/// Reads gates and options, and compares them with the table.
pub fn read(table: &Table, gates: &Value, options: &Value, snap: &Snap) -> Result<Written> {
    let gates = object(gates, "gates")?;
    let options = object(options, "options")?;
    for word in options.keys() {
        if !OPTIONS.contains(&word.as_str()) {
            return Err(bad(format!("unknown option \"{word}\""), format!("The options are {}.", OPTIONS.join(", "))));
        }
    }
    let mut gates = gates.clone();
    let parent = parent::written(&mut gates, options)?;
    let mut spec = Spec { gates: read_gates(table, &gates, snap)?, ..Spec::default() };
    if spec.gates.is_empty() && parent.is_none() {
        return Err(bad(
            "no gate given",
            "Name at least one gate, for instance {\"location\": \"location_id\"}, or a parent.",
        ));
    }
    spec.key = read_key(table, options)?;
    spec.parent = parent.map(|p| parent::read(table, &p, snap)).transpose()?;
    spec.owner = principal_column(table, options, "owner", snap)?;
    spec.requester = principal_column(table, options, "requester", snap)?;
    spec.deleted_by = principal_column(table, options, "deleted_by", snap)?;
    spec.own_acl = text(options, "own_acl")?;
    if let Some(column) = &spec.own_acl {
        own_acl_fits(table, column)?;
        if !spec.gates.iter().any(|g| g.gate == "place") {
            return Err(bad(
                "option \"own_acl\" without a location",
                "A row's own list belongs to the place gate: name its location column too.",
            ));
        }
        if spec.key.is_none() {
            return Err(bad(
                "option \"own_acl\" without a key",
                "Name the column that identifies a row in option \"key\".",
            ));
        }
    }
    spec.immutable = text(options, "immutable")?;
    if let Some(column) = &spec.immutable {
        flag_fits(table, column, "immutable")?;
    }
    spec.deleted = text(options, "deleted")?;
    if let Some(column) = &spec.deleted {
        flag_fits(table, column, "deleted")?;
    } else if spec.deleted_by.is_some() {
        return Err(bad(
            "option \"deleted_by\" without \"deleted\"",
            "Name the column that marks a row deleted in option \"deleted\".",
        ));
    }
    spec.columns = mapped_columns(table, options, &spec, snap)?;
    require_gates(&mut spec, options)?;
    if !spec.decides() {
        parent::alone(&spec)?;
    }
    each_column_once(&spec)?;
    let (is_default, enforce) = (flag(options, "default", false)?, flag(options, "enforce", true)?);
    Ok(Written { spec, is_default, enforce })
}

/// The key of the table: what option "key" names, else its primary key.
fn read_key(table: &Table, options: &Map<String, Value>) -> Result<Option<Names>> {
    let Some(written) = options.get("key") else {
        for name in &table.primary_key {
            if !can_be_key(table.column(name)?) {
                return Ok(None);
            }
        }
        return Ok(if table.primary_key.is_empty() { None } else { Some(Names::new(table.primary_key.clone())) });
    };
    let names = Names::read(written).ok_or_else(|| {
        bad("option \"key\" must be a column or a list of different columns", "Write \"id\" or [\"a\", \"b\"].")
    })?;
    for name in names.columns() {
        if !can_be_key(table.column(name)?) {
            return Err(wrong_type(
                format!("column \"{name}\" has a type that cannot be the key"),
                "Use smallint, integer, bigint, uuid or text.",
            ));
        }
    }
    require_unique(table, names.columns())?;
    Ok(Some(names))
}

pub fn can_be_key(column: &Column) -> bool {
    Type::of(column.ty).is_key()
}

pub fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>> {
    value.as_object().ok_or_else(|| {
        bad(format!("{what} must be a JSON object"), format!("Write {what} as {{\"word\": \"column\", …}}."))
    })
}

fn text(options: &Map<String, Value>, word: &str) -> Result<Option<String>> {
    match options.get(word) {
        None => Ok(None),
        Some(Value::String(s)) => Ok(Some(s.clone())),
        Some(_) => Err(bad(format!("option \"{word}\" must be a column's name"), "Write it as a JSON string.")),
    }
}

fn flag(options: &Map<String, Value>, word: &str, left_out: bool) -> Result<bool> {
    match options.get(word) {
        None | Some(Value::Null) => Ok(left_out),
        Some(Value::Bool(b)) => Ok(*b),
        Some(_) => Err(bad(format!("option \"{word}\" must be true or false"), "Write it as a JSON boolean.")),
    }
}

/// `"column"` or `{"column": …, "by": …}`.
fn column_and_by(value: &Value, word: &str) -> Result<(String, Option<By>)> {
    let wrong = || {
        bad(
            format!("\"{word}\" must be a column"),
            "Write \"column\" or {\"column\": \"…\", \"by\": \"id\" or \"key\"}.",
        )
    };
    match value {
        Value::String(s) => Ok((s.clone(), None)),
        Value::Object(o) => {
            if let Some(other) = o.keys().find(|k| !["column", "by"].contains(&k.as_str())) {
                return Err(bad(
                    format!("unknown word \"{other}\" in \"{word}\""),
                    "The words are column, by and, for functions, constant.",
                ));
            }
            let column = o.get("column").and_then(Value::as_str).ok_or_else(wrong)?.to_owned();
            let by = match o.get("by").map(|b| b.as_str()) {
                None => None,
                Some(Some("id")) => Some(By::Id),
                Some(Some("key")) => Some(By::Key),
                Some(_) => {
                    return Err(bad(format!("unknown \"by\" in \"{word}\""), "The words are \"id\" and \"key\"."));
                }
            };
            Ok((column, by))
        }
        _ => Err(wrong()),
    }
}

fn read_gates(table: &Table, gates: &Map<String, Value>, snap: &Snap) -> Result<Vec<GateSpec>> {
    let kinds = facts::kinds(snap)?;
    // Gate → (rank of the innermost kind accepted, reference).
    let mut refs: BTreeMap<String, Vec<(i16, ReferenceColumn)>> = BTreeMap::new();
    let mut constants: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (word, value) in gates {
        let (gate, accepted) = gate_and_kinds(&kinds, word)?;
        if let Some(names) = constant(value, word, &gate)? {
            if constants.insert(gate.clone(), names).is_some() {
                return Err(twice(&gate));
            }
            continue;
        }
        let (column, by) = column_and_by(value, word)?;
        let by = reference_by(table, &column, by, word, &accepted, snap)?;
        if by == By::Key && accepted.len() > 1 {
            return Err(bad(
                format!("gate \"{word}\" by key must name one kind"),
                format!(
                    "Keys are unique per kind: write the kind that the column refers to, one of {}.",
                    accepted.join(", ")
                ),
            ));
        }
        let rank = kinds.iter().filter(|k| accepted.contains(&k.name)).map(|k| k.rank).max().unwrap_or(0);
        refs.entry(gate).or_default().push((rank, ReferenceColumn { column, kinds: accepted, by }));
    }
    let mut out = Vec::new();
    for (gate, mut columns) in refs {
        columns.sort_by_key(|(rank, _)| std::cmp::Reverse(*rank));
        let constant = constants.remove(&gate).unwrap_or_default();
        let refs: Vec<ReferenceColumn> = columns.into_iter().map(|(_, c)| c).collect();
        for (i, r) in refs.iter().enumerate() {
            if refs.iter().skip(i + 1).any(|o| o.kinds.iter().any(|k| r.kinds.contains(k))) {
                return Err(twice(&gate));
            }
        }
        out.push(GateSpec { gate, refs, constant, required: false });
    }
    out.extend(constants.into_iter().map(|(gate, constant)| GateSpec {
        gate,
        refs: vec![],
        constant,
        required: false,
    }));
    // The order in which gates are asked: those most likely to be selective first.
    out.sort_by_key(|g| {
        let at = ["place", "type", "project", "scope", "function"].iter().position(|n| *n == g.gate);
        (at.unwrap_or(usize::MAX), g.gate.clone())
    });
    Ok(out)
}

fn twice(gate: &str) -> pgrx::pg_sys::panic::ErrorReport {
    bad(format!("gate \"{gate}\" is given twice"), "Give each kind one column, and the functions in one list.")
}

/// The gate that a word names, and the kinds accepted: all of the gate, or the one that the word names.
fn gate_and_kinds(kinds: &[Kind], word: &str) -> Result<(String, Vec<String>)> {
    let name = kind::normalize(word);
    if let Some(k) = kinds.iter().find(|k| k.name == name && k.name != "document")
        && let Some(gate) = &k.gate
    {
        return Ok((gate.clone(), vec![name]));
    }
    let mut of_gate: Vec<&Kind> =
        kinds.iter().filter(|k| k.gate.as_deref() == Some(&name) && k.name != "document").collect();
    of_gate.sort_by_key(|k| std::cmp::Reverse(k.rank));
    if of_gate.is_empty() {
        return Err(bad(
            format!("unknown gate \"{word}\""),
            "The gates are place, type, project, scope, function and the kinds made with acl_create_kind; a kind's name stands for its gate.",
        ));
    }
    Ok((name, of_gate.into_iter().map(|k| k.name.clone()).collect()))
}

fn constant(value: &Value, word: &str, gate: &str) -> Result<Option<Vec<String>>> {
    let Some(names) = value.as_object().and_then(|o| o.get("constant")) else {
        return Ok(None);
    };
    if gate != "function" {
        return Err(bad(format!("\"constant\" in gate \"{word}\""), "Only functions can be constants."));
    }
    if value.as_object().is_some_and(|o| o.len() != 1) {
        return Err(bad(
            format!("\"constant\" beside other words in gate \"{word}\""),
            "Write {\"constant\": [\"…\"]} alone.",
        ));
    }
    let list = match names {
        Value::String(s) => Some(vec![s.clone()]),
        Value::Array(a) => a.iter().map(|v| v.as_str().map(str::to_owned)).collect(),
        _ => None,
    };
    match list {
        Some(list) if !list.is_empty() && list.iter().all(|n| !n.trim().is_empty()) => Ok(Some(list)),
        _ => Err(bad(
            format!("\"constant\" in gate \"{word}\" must list functions"),
            "Write {\"constant\": [\"Orders\"]}.",
        )),
    }
}

/// How a gate's column names its resources.
fn reference_by(table: &Table, name: &str, by: Option<By>, word: &str, kinds: &[String], snap: &Snap) -> Result<By> {
    let column = table.column(name)?;
    if column.generated {
        return Err(error::unsupported(
            format!("generated column \"{name}\" cannot be a gate"),
            "A generated column has no value yet when a new row is judged: use the column that it is generated from.",
        ));
    }
    if let Some(constraint) = nulling_foreign_key(table, name)? {
        return Err(error::unsupported(
            format!("foreign key \"{constraint}\" sets gate column \"{name}\" null or default on delete"),
            "Deleting the referenced row must not open this one: make the foreign key ON DELETE RESTRICT or NO ACTION.",
        ));
    }
    let by = by.or(refers_to_mirror(table, name)?.then_some(By::Key));
    by_of(column, by, word, |column| present_values_are_ids(table, column, kinds, snap))
}

fn by_of(column: &Column, by: Option<By>, word: &str, are_ids: impl FnOnce(&str) -> Result<bool>) -> Result<By> {
    let name = &column.name;
    let spell = format!(
        "Write {{\"column\": \"{name}\", \"by\": \"id\"}} for docacl's own ids, or {{\"column\": \"{name}\", \"by\": \"key\"}} for the application's keys."
    );
    let integer = matches!(column.ty, pg_sys::INT2OID | pg_sys::INT4OID | pg_sys::INT8OID);
    let textual = matches!(column.ty, pg_sys::UUIDOID | pg_sys::TEXTOID | pg_sys::VARCHAROID);
    if !integer && !textual {
        return Err(wrong_type(
            format!("column \"{name}\" has a type that cannot be \"{word}\""),
            "Use smallint, integer, bigint, uuid or text.",
        ));
    }
    match by {
        Some(By::Id) if column.ty != pg_sys::INT8OID => {
            Err(wrong_type(format!("column \"{name}\" by id must be of type bigint"), "docacl's ids are bigint."))
        }
        Some(by) => Ok(by),
        None if textual => Ok(By::Key),
        None if column.ty == pg_sys::INT8OID && are_ids(name)? => Ok(By::Id),
        None => Err(wrong_type(format!("column \"{name}\" does not say what it holds"), spell)),
    }
}

fn principal_column(
    table: &Table,
    options: &Map<String, Value>,
    word: &str,
    snap: &Snap,
) -> Result<Option<PrincipalColumn>> {
    let value = match options.get(word) {
        None | Some(Value::Null) => return Ok(None),
        Some(value) => value,
    };
    let (name, by) = column_and_by(value, word)?;
    let column = table.column(&name)?;
    if column.generated {
        return Err(error::unsupported(
            format!("generated column \"{name}\" cannot be \"{word}\""),
            "docacl has to write it.",
        ));
    }
    let by = by.or(refers_to_mirror(table, &name)?.then_some(By::Key));
    let by = by_of(column, by, word, |column| present_values_are_ids(table, column, &[], snap))?;
    Ok(Some(PrincipalColumn { column: name, by }))
}

pub fn own_acl_fits(table: &Table, name: &str) -> Result<()> {
    let column = table.column(name)?;
    if column.ty != pg_sys::INT8OID || column.generated || column.not_null {
        return Err(wrong_type(
            format!("column \"{name}\" cannot hold a row's own list"),
            "Use a nullable bigint column that only docacl writes.",
        ));
    }
    Ok(())
}

pub fn flag_fits(table: &Table, name: &str, word: &str) -> Result<()> {
    let column = table.column(name)?;
    match column.ty {
        pg_sys::BOOLOID | pg_sys::TIMESTAMPTZOID | pg_sys::TIMESTAMPOID | pg_sys::DATEOID if !column.generated => {
            Ok(())
        }
        _ => Err(wrong_type(
            format!("column \"{name}\" has a type that cannot be \"{word}\""),
            "Use boolean, or a timestamp or date that is null while it is unset.",
        )),
    }
}

fn mapped_columns(
    table: &Table,
    options: &Map<String, Value>,
    spec: &Spec,
    snap: &Snap,
) -> Result<BTreeMap<String, u64>> {
    let Some(value) = options.get("columns").filter(|v| !v.is_null()) else {
        return Ok(BTreeMap::new());
    };
    let custom = facts::custom_actions(snap)?;
    let mut out = BTreeMap::new();
    for (name, word) in object(value, "columns")? {
        table.column(name)?;
        if spec.shape_columns().contains(&name.as_str()) || spec.key.iter().any(|k| k.columns().contains(name)) {
            return Err(bad(
                format!("column \"{name}\" is mapped already"),
                "Gates, key, owner, requester and flags have actions of their own.",
            ));
        }
        let word = word.as_str().ok_or_else(|| {
            bad(format!("column \"{name}\" is not mapped to an action"), "Write {\"column\": \"action\"}.")
        })?;
        let actions = action::granted_by(word, &custom)
            .ok()
            .and_then(|words| match words.as_slice() {
                [one] if !one.is_set && action::names(one.actions, &custom).len() == 1 => Some(one.actions),
                _ => None,
            })
            .ok_or_else(|| {
                bad(
                    format!("column \"{name}\" is mapped to \"{word}\", which is no single action"),
                    "Name one action, for instance rename, sign or archive.",
                )
            })?;
        out.insert(name.clone(), actions.bits());
    }
    Ok(out)
}

fn require_gates(spec: &mut Spec, options: &Map<String, Value>) -> Result<()> {
    let Some(value) = options.get("required").filter(|v| !v.is_null()) else {
        return Ok(());
    };
    let wrong = || bad("option \"required\" must list gates", "Write {\"required\": [\"location\"]}.");
    for word in value.as_array().ok_or_else(wrong)? {
        let word = word.as_str().ok_or_else(wrong)?;
        let name = kind::normalize(word);
        let gate = spec
            .gates
            .iter_mut()
            .find(|g| g.gate == name || g.refs.iter().any(|r| r.kinds.contains(&name)))
            .ok_or_else(|| {
                bad(format!("required gate \"{word}\" is not a gate of the table"), "Name a gate that has a column.")
            })?;
        gate.required = true;
    }
    Ok(())
}

fn each_column_once(spec: &Spec) -> Result<()> {
    let mut columns = spec.shape_columns();
    columns.sort_unstable();
    // A key may be a gate or an owner as well (a row per project, a row per user), but nothing that docacl writes.
    let written = [spec.own_acl.as_deref(), spec.deleted_by.as_ref().map(|c| c.column.as_str())];
    let key = spec.key.iter().flat_map(Names::columns).map(String::as_str).find(|key| written.contains(&Some(key)));
    match key.or(columns.windows(2).find(|w| w[0] == w[1]).map(|w| w[0])) {
        Some(twice) => Err(bad(format!("column \"{twice}\" is given twice"), "Give each column one meaning.")),
        None => Ok(()),
    }
}
