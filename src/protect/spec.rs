//! What a protected table is: its gates and options, completed and in canonical order. Kept in
//! docacl.protected_table as jsonb and carried by the table's trigger as text.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use docacl_core::Actions;
use serde::{Deserialize, Serialize};

use super::key::Names;
use crate::error::{Result, internal};
use crate::shape::{By, Gate, Reference, Shape};

/// A column that names a principal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PrincipalColumn {
    pub column: String,
    pub by: By,
}

/// A column that names a resource.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReferenceColumn {
    pub column: String,
    pub kinds: Vec<String>,
    pub by: By,
}

/// A gate of a table.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GateSpec {
    pub gate: String,
    #[serde(default)]
    pub refs: Vec<ReferenceColumn>,
    #[serde(default)]
    pub constant: Vec<String>,
    #[serde(default)]
    pub required: bool,
}

/// A protected table.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Spec {
    pub gates: Vec<GateSpec>,
    #[serde(default)]
    pub key: Option<Names>,
    #[serde(default)]
    pub owner: Option<PrincipalColumn>,
    #[serde(default)]
    pub requester: Option<PrincipalColumn>,
    #[serde(default)]
    pub own_acl: Option<String>,
    #[serde(default)]
    pub immutable: Option<String>,
    #[serde(default)]
    pub deleted: Option<String>,
    #[serde(default)]
    pub deleted_by: Option<PrincipalColumn>,
    /// Column → bit mask of the action that its change asks.
    #[serde(default)]
    pub columns: BTreeMap<String, u64>,
    /// The table whose rows decide this one's.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parent: Option<ParentSpec>,
}

/// A parent: by name, which a dump carries; the policies hold it by OID.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ParentSpec {
    pub schema: String,
    pub relation: String,
    /// The columns that hold the key of the parent's row, in that key's order.
    pub column: Names,
    /// Bit masks of what each command asks of the parent's row.
    pub select: u64,
    pub insert: u64,
    pub update: u64,
    pub delete: u64,
}

impl Spec {
    /// Reads a spec as the catalogue holds it.
    pub fn from_json(json: pgrx::JsonB) -> Result<Spec> {
        serde_json::from_value(json.0).map_err(|e| internal(format!("a spec in docacl.protected_table: {e}")))
    }

    /// Reads a spec as a trigger carries it; each text is parsed once per backend.
    pub fn parse(text: &str) -> Result<Rc<Spec>> {
        thread_local! {
            static PARSED: RefCell<HashMap<Box<str>, Rc<Spec>>> = RefCell::new(HashMap::new());
        }
        if let Some(spec) = PARSED.with_borrow(|p| p.get(text).cloned()) {
            return Ok(spec);
        }
        let spec: Rc<Spec> =
            Rc::new(serde_json::from_str(text).map_err(|e| internal(format!("a spec in a trigger: {e}")))?);
        PARSED.with_borrow_mut(|p| p.insert(text.into(), spec.clone()));
        Ok(spec)
    }

    /// The spec as text.
    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| internal(format!("a spec could not be written: {e}")))
    }

    /// Whether the row's own gates, or its owner, have a say: a table with nothing but a parent has none.
    pub fn decides(&self) -> bool {
        self.parent.is_none() || !self.gates.is_empty() || self.owner.is_some()
    }

    /// The shape of its rows.
    pub fn shape(&self) -> Shape {
        Shape {
            gates: self
                .gates
                .iter()
                .map(|g| Gate {
                    gate: g.gate.clone(),
                    own: g.gate == "place" && self.own_acl.is_some(),
                    refs: g.refs.iter().map(|r| Reference { kinds: r.kinds.clone(), by: r.by }).collect(),
                    constant: g.constant.clone(),
                    required: g.required,
                })
                .collect(),
            owner: self.owner.as_ref().map(|c| c.by),
            requester: self.requester.as_ref().map(|c| c.by),
            immutable: self.immutable.is_some(),
            deleted: self.deleted.is_some(),
            deleted_by: self.deleted_by.as_ref().map(|c| c.by),
        }
    }

    /// The columns that are the arguments of its shape, in their order.
    pub fn shape_columns(&self) -> Vec<&str> {
        let mut out = Vec::new();
        for gate in &self.gates {
            if gate.gate == "place" {
                out.extend(self.own_acl.as_deref());
            }
            out.extend(gate.refs.iter().map(|r| r.column.as_str()));
        }
        out.extend(self.owner.as_ref().map(|c| c.column.as_str()));
        out.extend(self.requester.as_ref().map(|c| c.column.as_str()));
        out.extend(self.immutable.as_deref());
        out.extend(self.deleted.as_deref());
        out.extend(self.deleted_by.as_ref().map(|c| c.column.as_str()));
        out
    }

    /// The columns of a shape judged as a new row ([`Shape::as_new`]).
    pub fn new_shape_columns(&self) -> Vec<&str> {
        let flags = usize::from(self.immutable.is_some())
            + usize::from(self.deleted.is_some())
            + usize::from(self.deleted_by.is_some());
        let mut out = self.shape_columns();
        out.truncate(out.len() - flags);
        out
    }

    /// The action that the change of a column asks, where it is not an ordinary one.
    pub fn mapped(&self, column: &str) -> Option<Actions> {
        if self.immutable.as_deref() == Some(column) {
            return Some(Actions::IMMUTABLE);
        }
        if self.deleted.as_deref() == Some(column) {
            return Some(Actions::DELETE);
        }
        self.columns.get(column).map(|bits| Actions::from_bits_retain(*bits))
    }

    /// Every action that an UPDATE of this table can ask of the old row.
    pub fn update_actions(&self) -> Actions {
        let mut actions = Actions::WRITE;
        if self.gates.iter().any(|g| g.gate == "place" && !g.refs.is_empty()) {
            actions |= Actions::MOVE;
        }
        if self.immutable.is_some() {
            actions |= Actions::IMMUTABLE;
        }
        if self.deleted.is_some() {
            actions |= Actions::DELETE;
        }
        self.columns.values().fold(actions, |a, bits| a | Actions::from_bits_retain(*bits))
    }
}
