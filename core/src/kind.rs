//! Kinds of resource: the gate each belongs to, what may be its parent, what may be granted on it.

use crate::action::{Actions, normalize_word};

/// A built-in kind of resource.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BuiltIn {
    /// Its name.
    pub name: &'static str,
    /// Its gate, if it gates rows.
    pub gate: Option<BuiltInGate>,
    /// The kinds of which its parent may be; empty: it has none.
    pub parents: &'static [&'static str],
    /// Whether a resource of it must have a parent.
    pub parent_required: bool,
    /// Whether its resources inherit unless said otherwise.
    pub inherits: bool,
    /// Whether every account has a `*` of it.
    pub has_star: bool,
}

/// The name of a built-in gate.
pub type BuiltInGate = &'static str;

/// All built-in kinds; those of one gate outermost first.
pub const BUILT_IN: [BuiltIn; 12] = [
    kind("account", Some("scope"), &[], false, true, false),
    kind("environment", Some("scope"), &["account"], true, true, false),
    kind("company", Some("scope"), &["environment"], true, true, false),
    kind("client", Some("scope"), &["company"], true, true, false),
    kind("provider", Some("scope"), &["company"], true, true, false),
    kind("location", Some("place"), &["location"], false, false, true),
    kind("document", Some("place"), &["location"], false, true, false),
    kind("document_type", Some("type"), &["document_type"], false, true, true),
    kind("project", Some("project"), &["project"], false, true, true),
    kind("function", Some("function"), &["function"], false, true, true),
    kind("queue", None, &[], false, false, false),
    kind("form", None, &[], false, false, false),
];

const fn kind(
    name: &'static str,
    gate: Option<BuiltInGate>,
    parents: &'static [&'static str],
    parent_required: bool,
    inherits: bool,
    has_star: bool,
) -> BuiltIn {
    BuiltIn { name, gate, parents, parent_required, inherits, has_star }
}

/// The built-in kind of this name.
pub fn built_in(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|k| k.name == name)
}

/// The kind of what lies right above a resource of this kind in a path, where anything may: the account is in no path. A
/// kind that a DBA added has its own kind above it.
pub fn above(kind: &str) -> Option<&str> {
    match built_in(kind) {
        Some(built_in) => built_in.parents.first().copied().filter(|above| *above != "account"),
        None => Some(kind),
    }
}

/// The name under which a kind is known, from a word a person wrote: the word rules of actions, and
/// `folder` for location, `screen` and `report` for function.
pub fn normalize(word: &str) -> String {
    let word = normalize_word(word);
    match word.as_str() {
        "folder" => "location".to_owned(),
        "screen" | "report" => "function".to_owned(),
        _ => word,
    }
}

/// The name under which a gate is known, from a word a person wrote: the word rules of actions.
pub fn normalize_gate(word: &str) -> String {
    normalize_word(word)
}

/// What may be granted on a resource of this kind. A kind that is not built in is one added by a DBA:
/// it gates rows, so everything that speaks of rows applies.
pub fn applicable(kind: &str) -> Actions {
    let rows = match built_in(kind) {
        Some(BuiltIn { gate: None, .. }) => Actions::empty(),
        Some(BuiltIn { name: "document", .. }) => Actions::FULL.difference(Actions::OF_PLACES),
        _ => Actions::FULL,
    };
    let special = match kind {
        "location" => Actions::ENTER | Actions::APPROVE,
        "document" => Actions::ENTER,
        "document_type" => Actions::APPROVE,
        "queue" => Actions::WORK_QUEUE,
        "form" => Actions::COMPLETE_FORM,
        "account" => Actions::ADMINISTRATION,
        "environment" => {
            Actions::APPROVE
                | Actions::MANAGE_API_KEYS
                | Actions::CONFIGURE
                | Actions::MANAGE_COMPANIES
                | Actions::MANAGE_PARTIES
        }
        "company" => Actions::MANAGE_PARTIES,
        _ => Actions::empty(),
    };
    rows | special | Actions::CUSTOM
}

/// What can be done to rows, new ones included: what a limit may leave.
pub const POSSIBLE_WITH_ROWS: Actions =
    Actions::FULL.union(Actions::APPROVE).union(Actions::COMPLETE_FORM).union(Actions::CUSTOM);

/// What can be asked about an existing row.
pub const APPLICABLE_TO_ROWS: Actions = Actions::EVERYTHING.difference(Actions::OF_PLACES);
