//! Kinds: their gates, parents, and what may be granted on them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed, which is what it is for"
)]

use docacl_core::Actions;
use docacl_core::kind::{APPLICABLE_TO_ROWS, BUILT_IN, above, applicable, built_in, normalize};
use docacl_reference::actions as rules;
use docacl_reference::{Family, World};

#[test]
fn what_applies_to_which_kind_is_what_the_rules_say() {
    for kind in BUILT_IN.iter().map(|kind| kind.name).chain(["cabinet"]) {
        assert_eq!(applicable(kind).bits(), rules::applicable(kind), "{kind}");
    }
}

#[test]
fn a_path_goes_from_kind_to_kind() {
    for (kind, expected) in [
        ("client", Some("company")),
        ("provider", Some("company")),
        ("company", Some("environment")),
        // The account is in no path.
        ("environment", None),
        ("account", None),
        ("location", Some("location")),
        ("project", Some("project")),
        ("queue", None),
        ("cabinet", Some("cabinet")),
    ] {
        assert_eq!(above(kind), expected, "{kind}");
    }
    // A path knows of one kind above each.
    assert!(BUILT_IN.iter().all(|kind| kind.parents.len() < 2));
}

#[test]
fn single_cells_of_the_applicability_table() {
    let yes = [
        ("location", "enter"),
        ("document", "enter"),
        ("document_type", "approve"),
        ("location", "approve"),
        ("environment", "approve"),
        ("form", "complete_form"),   // B9
        ("queue", "work_queue"),     // A18
        ("account", "manage_users"), // A3
        ("account", "view_usage"),   // A4
        ("environment", "manage_api_keys"),
        ("environment", "manage_parties"),
        ("company", "manage_parties"), // A12
        ("location", "store"),         // D28
        ("location", "import"),        // D19
        ("function", "write"),         // C13
        ("project", "read"),           // C6
        ("document", "sign"),          // D21
        ("cabinet", "archive"),
    ];
    for (kind, action) in yes {
        assert!(applicable(kind).bits() & rules::named(action) != 0, "{action} on {kind}");
    }
    let no = [
        ("document", "add"),    // D10
        ("document", "import"), // D19
        ("document", "export"), // D20
        ("document", "store"),  // D28
        ("document_type", "enter"),
        ("project", "enter"),
        ("project", "approve"),
        ("queue", "read"),
        ("form", "work_queue"),
        ("location", "complete_form"),
        ("company", "manage_users"),
        ("company", "configure"),
        ("environment", "manage_users"),
        ("client", "manage_parties"),
        ("location", "manage_roles"),
    ];
    for (kind, action) in no {
        assert!(applicable(kind).bits() & rules::named(action) == 0, "{action} on {kind}");
    }
}

#[test]
fn actions_of_places_are_not_asked_of_rows() {
    let of_places = Actions::ADD | Actions::IMPORT | Actions::EXPORT | Actions::STORE;
    assert_eq!(Actions::EVERYTHING.difference(APPLICABLE_TO_ROWS), of_places);
}

#[test]
fn every_kind_has_the_gate_and_the_defaults_of_the_table() {
    let world = World::new();
    for kind in &world.kinds {
        let core = built_in(&kind.name).unwrap_or_else(|| panic!("core knows no kind {}", kind.name));
        let gate = kind.family.map(|family| match family {
            Family::Scope => "scope",
            Family::Place => "place",
            Family::Type => "type",
            Family::Project => "project",
            Family::Function => "function",
            Family::Own(_) => "own",
        });
        assert_eq!((core.gate, core.inherits, core.has_star), (gate, kind.inherits, kind.has_star), "{}", kind.name);
    }
    assert_eq!(BUILT_IN.len(), world.kinds.len());
}

#[test]
fn parents_are_of_the_kinds_that_the_table_says() {
    // A1: account > environment > company > client, provider; B3: location > location; a list lies in a location.
    let table: [(&str, &[&str], bool); 12] = [
        ("account", &[], false),
        ("environment", &["account"], true),
        ("company", &["environment"], true),
        ("client", &["company"], true),
        ("provider", &["company"], true),
        ("location", &["location"], false),
        ("document", &["location"], false),
        ("document_type", &["document_type"], false),
        ("project", &["project"], false),
        ("function", &["function"], false),
        ("queue", &[], false),
        ("form", &[], false),
    ];
    for (name, parents, required) in table {
        let kind = built_in(name).unwrap();
        assert_eq!((kind.parents, kind.parent_required), (parents, required), "{name}");
    }
}

#[test]
fn kinds_follow_the_word_rules() {
    assert_eq!(normalize("Document Type"), "document_type");
    assert_eq!(normalize("FOLDER"), "location");
    assert_eq!(normalize("screen"), "function");
    assert_eq!(normalize("Report"), "function");
    assert!(built_in("folder").is_none(), "a word is normalized before it is looked up");
}
