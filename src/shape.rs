//! The shape of a protected row as a check sees it: which of its arguments is what.
//!
//! A policy carries its shape as text in the call of `docacl.row_check`, so that a policy, as dumped, restored
//! or shown by \d, says all there is to say. The arguments follow in the order of [`Shape::arguments`].

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use crate::error::{Result, internal};

/// How a column names a resource or a principal.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum By {
    /// By docacl's id.
    Id,
    /// By the application's key.
    Key,
}

/// One reference of a gate.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reference {
    /// The kinds of resource that it may name.
    pub kinds: Vec<String>,
    /// How it names it.
    pub by: By,
}

/// One gate: its own list, else the first of its references that is present; or functions named here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Gate {
    /// Its name.
    pub gate: String,
    /// The row's own list comes before the references.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own: bool,
    /// The references, innermost first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub refs: Vec<Reference>,
    /// The functions that serve the table, the default first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub constant: Vec<String>,
    /// A row without a reference is closed.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
}

/// A protected row.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shape {
    /// The gates.
    pub gates: Vec<Gate>,
    /// The row has an owner.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<By>,
    /// The row has a requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requester: Option<By>,
    /// The row can be immutable.
    #[serde(default, skip_serializing_if = "is_false")]
    pub immutable: bool,
    /// The row can be marked deleted.
    #[serde(default, skip_serializing_if = "is_false")]
    pub deleted: bool,
    /// By whom the row was marked deleted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deleted_by: Option<By>,
}

fn is_false(b: &bool) -> bool {
    !*b
}

/// What an argument is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Argument {
    /// The own list of this gate.
    Own(usize),
    /// A reference of this gate.
    Reference(usize, usize),
    /// The owner.
    Owner,
    /// The requester.
    Requester,
    /// Whether the row is immutable.
    Immutable,
    /// Whether the row is marked deleted.
    Deleted,
    /// Who marked it deleted.
    DeletedBy,
}

impl Shape {
    /// What the arguments are, in their order.
    pub fn arguments(&self) -> Vec<Argument> {
        let mut out = Vec::new();
        for (g, gate) in self.gates.iter().enumerate() {
            if gate.own {
                out.push(Argument::Own(g));
            }
            out.extend((0..gate.refs.len()).map(|r| Argument::Reference(g, r)));
        }
        out.extend(self.owner.map(|_| Argument::Owner));
        out.extend(self.requester.map(|_| Argument::Requester));
        out.extend(self.immutable.then_some(Argument::Immutable));
        out.extend(self.deleted.then_some(Argument::Deleted));
        out.extend(self.deleted_by.map(|_| Argument::DeletedBy));
        out
    }

    /// The same row judged as if it were neither immutable nor deleted: what a new row is.
    pub fn as_new(&self) -> Shape {
        Shape { immutable: false, deleted: false, deleted_by: None, ..self.clone() }
    }

    /// The text of a policy.
    pub fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(|e| internal(format!("a shape could not be written: {e}")))
    }

    /// Reads the text of a policy; each text is parsed once per backend.
    pub fn parse(text: &[u8]) -> Result<Rc<Shape>> {
        thread_local! {
            static PARSED: RefCell<HashMap<Box<[u8]>, Rc<Shape>>> = RefCell::new(HashMap::new());
        }
        if let Some(shape) = PARSED.with_borrow(|parsed| parsed.get(text).cloned()) {
            return Ok(shape);
        }
        let shape: Shape = serde_json::from_slice(text).map_err(|e| {
            crate::error::bad(
                format!("malformed shape of a row: {e}"),
                "Policies of protected tables are written by acl_protect only.",
            )
        })?;
        let shape = Rc::new(shape);
        PARSED.with_borrow_mut(|parsed| {
            // Whoever calls the check by hand with ever new texts must not fill the backend's memory.
            if parsed.len() >= 1024 {
                parsed.clear();
            }
            parsed.insert(text.into(), shape.clone())
        });
        Ok(shape)
    }
}
