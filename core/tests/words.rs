//! What a word means in a grant and in a check, against the tables of the rules written out by name here, and
//! against the reference evaluator for any list of words.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed, which is what it is for"
)]

use docacl_core::Actions;
use docacl_core::action::{
    BUILT_IN, CustomAction, asked_by, granted_by, is_reserved_word, names, normalize_word, words,
};
use docacl_reference::actions as rules;
use proptest::prelude::*;

fn granted(text: &str) -> Actions {
    granted_by(text, &[]).unwrap().iter().fold(Actions::empty(), |all, word| all | word.actions)
}

fn asked(text: &str) -> Actions {
    asked_by(text, Actions::EVERYTHING, &[]).unwrap()
}

/// The bits of these names, looked up in the rules and not in core.
fn named(text: &str) -> Actions {
    Actions::from_bits_retain(rules::named(text))
}

#[test]
fn the_bits_are_those_of_the_table() {
    let core: Vec<(u64, &str)> = BUILT_IN.iter().map(|(name, action)| (action.bits(), *name)).collect();
    let table: Vec<(u64, &str)> = rules::NAMES.iter().map(|(bit, name)| (1 << bit, *name)).collect();
    assert_eq!(core, table);
    // D4–D28: the 25 permissions, in the order in which they are listed there.
    let listed = "read preview print download email write add security immutable password delete move rename \
                  custom_id revision import export sign archive workflow calendar subscription automation \
                  reading_request store";
    for (bit, name) in listed.split_whitespace().enumerate() {
        assert_eq!(named(name).bits(), 1 << bit, "D{}", bit + 4);
    }
}

#[test]
fn what_each_word_grants() {
    let view = "read preview print download email export calendar subscription reading_request";
    let edit = "write move rename custom_id revision";
    let table = [
        ("view", view.to_owned()),
        ("see", view.to_owned()),
        ("open", view.to_owned()),
        ("add", "add import".to_owned()),
        ("edit", edit.to_owned()),
        ("delete", "delete".to_owned()),
        ("change", format!("{view} {edit} add import delete")),
        ("enter", "enter".to_owned()),
        ("access", "enter".to_owned()),
        ("guest", "read preview print download email subscription".to_owned()),
    ];
    for (word, bits) in table {
        assert_eq!(granted(word), named(&bits), "{word}");
    }
    assert_eq!(granted("full").bits(), (1 << 25) - 1);
}

#[test]
fn what_a_check_of_each_word_asks() {
    let table = [
        ("view", "read"),
        ("see", "read"),
        ("open", "read"),
        ("add", "add"),
        ("edit", "write"),
        ("delete", "delete"),
        ("change", "write"),
        ("enter", "enter"),
        ("access", "enter"),
        ("guest", "read"),
    ];
    for (word, bits) in table {
        assert_eq!(asked(word), named(bits), "{word}");
    }
    // "full: all of them that apply"
    let applicable = named("read write enter");
    assert_eq!(asked_by("full", applicable, &[]).unwrap(), named("read write"));
}

#[test]
fn a_single_action_means_its_one_bit_everywhere() {
    for (name, action) in BUILT_IN {
        let extra = if name == "add" { Actions::IMPORT } else { Actions::empty() };
        assert_eq!(granted(name), action | extra, "{name}");
        assert_eq!(asked(name), action, "{name}");
        assert_eq!(names(action, &[]), [name]);
        assert!(is_reserved_word(name));
    }
}

#[test]
fn advanced_actions_are_never_part_of_edit_or_change() {
    assert!(granted("edit, change").intersection(Actions::ADVANCED).is_empty());
    let advanced = named("security immutable password sign archive workflow automation store");
    assert_eq!(Actions::ADVANCED, advanced);
}

#[test]
fn an_unknown_word_is_an_error_and_never_false() {
    for text in ["veiw", "", " ", "read,", ",", "read,,write", "read write", "read;write", "*", "r\u{0}ead", "ad d"] {
        let refused = asked_by(text, Actions::EVERYTHING, &[]);
        assert!(refused.is_err(), "a check of {text:?} asks {refused:?}");
    }
    for text in ["veiw", "read,", ",", "read,,write", "read write", "everything", "all"] {
        assert!(granted_by(text, &[]).is_err(), "{text:?}");
    }
    // An empty list grants nothing; it is how "exactly these, none" is written.
    assert_eq!(granted_by(" ", &[]).unwrap(), []);
    // Nothing that applies is asked: no answer, rather than yes.
    assert!(asked_by("full", Actions::WORK_QUEUE, &[]).is_err());
}

#[test]
fn case_blanks_and_hyphens_do_not_matter() {
    for text in ["Reading Request", "reading-request", "READING_REQUEST", "  reading request\t"] {
        assert_eq!(granted(text), Actions::READING_REQUEST, "{text:?}");
    }
    assert_eq!(normalize_word(" Document-Type "), "document_type");
}

#[test]
fn a_set_is_told_from_an_action() {
    for word in ["view", "see", "open", "edit", "change", "full", "guest"] {
        assert!(granted_by(word, &[]).unwrap()[0].is_set, "{word}");
        assert!(is_reserved_word(word));
    }
    for (name, _) in BUILT_IN {
        assert!(!granted_by(name, &[]).unwrap()[0].is_set, "{name}");
    }
}

#[test]
fn added_actions_are_words_too() {
    let custom = [CustomAction { name: "stamp".to_owned(), action: Actions::from_bits_retain(1 << 41) }];
    let granted = granted_by("Stamp, read", &custom).unwrap();
    assert_eq!(granted[0].actions.bits(), 1 << 41);
    assert_eq!(asked_by("stamp", Actions::EVERYTHING, &custom).unwrap().bits(), 1 << 41);
    assert_eq!(names(granted[0].actions | Actions::READ, &custom), ["read", "stamp"]);
    assert!(granted_by("stamp", &[]).is_err());
    assert!(Actions::CUSTOM.contains(granted[0].actions));
}

/// Words, nearly words, and what people type between them.
fn any_words() -> impl Strategy<Value = String> {
    let words: Vec<String> = BUILT_IN
        .iter()
        .map(|(name, _)| (*name).to_owned())
        .chain(
            ["view", "see", "open", "edit", "change", "full", "guest", "access", "veiw", "", "all"].map(str::to_owned),
        )
        .collect();
    let word = prop_oneof![
        6 => proptest::sample::select(words.clone()),
        2 => proptest::sample::select(words).prop_map(|word| word.to_uppercase().replace('_', "-")),
        1 => "[a-z ,_-]{0,8}",
    ];
    proptest::collection::vec(word, 0..4).prop_map(|words| words.join(", "))
}

proptest! {
    // Any list of words, in grants and in checks, whatever applies.
    #[test]
    fn words_mean_what_the_rules_say(text in any_words(), applicable: u64) {
        let core = granted_by(&text, &[]).ok().map(|all| all.iter().fold(0, |bits, word| bits | word.actions.bits()));
        if !text.trim().is_empty() {
            prop_assert_eq!(core, rules::granted_by(&text, &[]));
        }
        let applicable = applicable & rules::everything();
        let core = asked_by(&text, Actions::from_bits_retain(applicable), &[]).ok().map(|bits| bits.bits());
        prop_assert_eq!(core, rules::asked_by(&text, applicable, &[]));
    }

    // A set of actions written as words grants that set again; only add, which takes import along, may add to it.
    #[test]
    fn actions_survive_being_written_as_words(bits: u64) {
        let actions = Actions::from_bits_retain(bits & (rules::everything() & !rules::custom()));
        let again = granted(&words(actions, &[]));
        prop_assert!(again.contains(actions));
        let more = again.difference(actions);
        prop_assert!(more.is_empty() || more == Actions::IMPORT && actions.contains(Actions::ADD));
    }
}
