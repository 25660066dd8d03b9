//! Names and paths: what is refused, and that a path that is written is read again.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed, which is what it is for"
)]

use docacl_core::name::{BadName, MAX_CHARS, check, format_path, parse_path};
use proptest::prelude::*;

#[test]
fn names_that_are_refused() {
    let long = "é".repeat(MAX_CHARS + 1);
    let table = [
        ("", BadName::Blank),
        (" \t ", BadName::Blank),
        ("\u{a0}\u{2003}", BadName::Blank),
        (long.as_str(), BadName::TooLong),
        ("two\nlines", BadName::ControlCharacter),
        ("nul\u{0}", BadName::ControlCharacter),
        ("\u{85}", BadName::Blank),
        ("a\u{9b}b", BadName::ControlCharacter),
        ("*", BadName::Star),
    ];
    for (name, why) in table {
        assert_eq!(check(name), Err(why), "{name:?}");
    }
}

#[test]
fn names_that_work() {
    let longest = "é".repeat(MAX_CHARS);
    for name in ["HR", "Human Resources", "a/b", "it's", "\"quoted\"", "back\\slash", "人事", "🗂", "**", "a*", &longest]
    {
        assert_eq!(check(name), Ok(()), "{name:?}");
    }
}

#[test]
fn paths_as_people_write_them() {
    let parsed = |text: &str| parse_path(text).map(|path| (path.absolute, path.segments));
    let path = |absolute, segments: &[&str]| Some((absolute, segments.iter().map(|s| (*s).to_owned()).collect()));
    assert_eq!(parsed("/Entity 1/Sales"), path(true, &["Entity 1", "Sales"])); // B13
    assert_eq!(parsed("Sales"), path(false, &["Sales"]));
    assert_eq!(parsed(r"and\/or/x"), path(false, &["and/or", "x"]));
    assert_eq!(parsed(r"C:\temp\x"), path(false, &[r"C:\temp\x"]));
    // A backslash before a slash is written twice, so that a name may end in one.
    assert_eq!(parsed(r"/C:\\/x"), path(true, &[r"C:\", "x"]));
    assert_eq!(parsed(r"C:\"), path(false, &[r"C:\"]));
    assert_eq!(format_path([r"C:\", "and/or"]), r"/C:\\/and\/or");
    for nothing in ["", "/", "//", "a//b", "a/", "/a/"] {
        assert_eq!(parsed(nothing), None, "{nothing:?}");
    }
}

proptest! {
    // A slash, a backslash or anything else in a name: two different lists of names never share a path.
    #[test]
    fn a_path_that_is_written_is_read_again(
        names in proptest::collection::vec(prop_oneof![r"[ab/\\]{1,6}", r"\PC{1,8}"], 1..5),
    ) {
        let path = parse_path(&format_path(&names));
        prop_assert_eq!(path.as_ref().map(|path| &path.segments), Some(&names));
        prop_assert!(path.is_some_and(|path| path.absolute));
    }

    // Any text: read or not, never a name that is empty.
    #[test]
    fn any_text_is_read_without_panic(text in any::<String>()) {
        let _ = check(&text);
        if let Some(path) = parse_path(&text) {
            prop_assert!(!path.segments.is_empty() && path.segments.iter().all(|name| !name.is_empty()));
        }
    }
}
