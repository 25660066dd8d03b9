//! What must hold for any bytes. The fuzz targets of `core/fuzz` run these functions for as long as one likes; the
//! test `any_bytes` runs them over random bytes with every `cargo test`.

use docacl_core::action::{asked_by, granted_by, names, normalize_word, words as written};
use docacl_core::name::{check, format_path, parse_path};
use docacl_core::verdict::{Rule, decide, decide_on};
use docacl_core::{Actions, Key, RowSide, Subject, SubjectKind, Tally, kind};

/// Words in grants and checks: known or refused, never a panic, never an answer about bits that do not exist.
pub fn words(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let custom = [];
    if let Ok(granted) = granted_by(&text, &custom) {
        let all = granted.iter().fold(Actions::empty(), |all, word| all | word.actions);
        assert!(Actions::EVERYTHING.contains(all));
        assert_eq!(all.is_empty(), text.trim().is_empty(), "only an empty list grants nothing");
        let again = granted_by(&written(all, &custom), &custom);
        assert!(again.is_ok(), "what is written is read again");
        assert!(names(all, &custom).len() == all.bits().count_ones() as usize);
    }
    if let Ok(asked) = asked_by(&text, Actions::EVERYTHING, &custom) {
        assert!(!asked.is_empty(), "a check asks something");
        assert!(Actions::EVERYTHING.contains(asked));
    }
    let normal = normalize_word(&text);
    let _ = kind::normalize(&text);
    assert!(!normal.contains([' ', '-', '\t', '\n']));
    assert!(!kind::applicable(&normal).contains(Actions::from_bits_retain(1 << 63)));
}

/// Names and paths: what is read can be written and is then read as the same.
pub fn paths(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let acceptable = check(&text).is_ok();
    assert!(!acceptable || !text.trim().is_empty());
    if let Some(path) = parse_path(&text) {
        let again = parse_path(&format_path(&path.segments));
        assert!(again.is_some_and(|again| again.absolute && again.segments == path.segments));
    }
    if acceptable {
        let again = parse_path(&format_path([&text, &text]));
        assert!(again.is_some_and(|again| again.segments == [text.as_ref(), text.as_ref()]));
    }
}

/// Bytes that are read one after the other; zeros when they are used up.
struct Bytes<'a>(&'a [u8]);

impl Bytes<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        *first
    }

    fn flag(&mut self) -> bool {
        self.byte() & 1 == 1
    }

    fn word(&mut self) -> u64 {
        let bytes = [0u8; 8].map(|_| self.byte());
        u64::from_le_bytes(bytes)
    }
}

/// One gate as a caller folds it.
#[derive(Clone, Copy)]
enum Fold {
    Absent(bool),
    Engaged(Key),
    Scope(Key),
}

fn fold(gates: &[Fold]) -> Tally {
    let mut tally = Tally::new();
    for gate in gates {
        match *gate {
            Fold::Absent(required) => tally.absent(required),
            Fold::Engaged(key) => tally.engage(key),
            Fold::Scope(key) => tally.engage_scope(key),
        }
    }
    tally
}

/// Any subject, gates and row: the laws that need no world.
pub fn decisions(data: &[u8]) {
    let mut bytes = Bytes(data);
    let kinds = [SubjectKind::Nobody, SubjectKind::User, SubjectKind::ApiKey, SubjectKind::System];
    let subject = Subject {
        kind: *kinds.get(usize::from(bytes.byte() & 3)).unwrap_or(&SubjectKind::Nobody),
        admin: bytes.flag() && bytes.flag(),
        read_only: bytes.flag(),
    };
    let side = RowSide {
        owner: bytes.flag(),
        owner_home: bytes.flag(),
        requester: bytes.flag(),
        immutable: bytes.flag(),
        deleted_by_other: bytes.flag(),
    };
    let mut gates = Vec::new();
    for _ in 0..bytes.byte() % 7 {
        // Few bits, or hardly any row would open.
        let mask = Actions::from_bits_retain((bytes.word() | bytes.word()) & Actions::EVERYTHING.bits());
        let key = if bytes.flag() || bytes.flag() { Key::home(mask) } else { Key::away(mask) };
        let limit = if bytes.flag() { bytes.word() } else { u64::MAX };
        let key = key.limited(Actions::from_bits_retain(limit));
        gates.push(match bytes.byte() % 4 {
            0 => Fold::Absent(bytes.flag()),
            1 => Fold::Scope(key),
            _ => Fold::Engaged(key),
        });
        assert_eq!(Key::from_bits(key.bits()).limited(key.limit()), key);
        assert_eq!(key.is_limited(), !key.limit().contains(Actions::EVERYTHING));
        assert!(key.limit().contains(key.permits()));
        assert!(key.grants().bits() & Actions::ENTER.bits() == 0);
    }
    let tally = fold(&gates);
    let verdict = decide(&subject, &tally, &side);
    let unbound = matches!(verdict.rule, Rule::System | Rule::Admin);

    assert!(Actions::EVERYTHING.contains(verdict.actions), "no bit that is no action");
    assert!(verdict.actions.contains(verdict.of_existing().actions));
    assert_eq!(unbound, verdict.actions == Actions::EVERYTHING, "everything is system's and the admin's");
    match subject.kind {
        SubjectKind::Nobody => assert!(verdict.actions.is_empty()),
        SubjectKind::System => assert_eq!(verdict.actions, Actions::EVERYTHING),
        _ => {}
    }
    if !unbound {
        assert!(!subject.read_only || Actions::GUEST.contains(verdict.actions));
        assert!(!side.immutable || verdict.actions.intersection(Actions::CHANGES_IMMUTABLE).is_empty());
        assert!(!side.deleted_by_other || verdict.actions.is_empty());
        assert!(verdict.actions.contains(Actions::READ) || Actions::BLIND.contains(verdict.actions));
        assert!(!verdict.actions.contains(Actions::ENTER));
    }
    if gates.is_empty() && !side.owner && !side.owner_home && !side.requester {
        assert!(verdict.actions.is_empty() || subject.kind == SubjectKind::System, "nothing is open by omission");
    }

    // More in any key removes nothing; the order of the gates decides nothing but which scope is the wall.
    let more = Actions::from_bits_retain(bytes.word() & Actions::EVERYTHING.bits());
    let mut richer = gates.clone();
    for gate in &mut richer {
        if let Fold::Engaged(key) | Fold::Scope(key) = gate
            && bytes.flag()
        {
            *key = key.with(more);
        }
    }
    assert!(decide(&subject, &fold(&richer), &side).actions.contains(verdict.actions), "a grant removed something");
    if gates.iter().filter(|gate| matches!(gate, Fold::Scope(_))).count() < 2 {
        let reversed: Vec<Fold> = gates.iter().rev().copied().collect();
        assert_eq!(decide(&subject, &fold(&reversed), &side), verdict);
    }

    // What a limit leaves out nobody has but system and admin, the requester no more than others; and a limit gives
    // nothing.
    let most = Actions::from_bits_retain(bytes.word() & Actions::EVERYTHING.bits());
    let mut limited = gates.clone();
    if let Some(Fold::Engaged(key) | Fold::Scope(key)) = limited.iter_mut().find(|g| !matches!(g, Fold::Absent(_))) {
        *key = key.limited(most);
        let under = decide(&subject, &fold(&limited), &side).actions;
        assert!(verdict.actions.contains(under), "a limit gave something");
        assert!(unbound || most.contains(under), "a limit let something through");
        assert!(unbound || most.contains(Actions::READ) || Actions::BLIND.contains(under), "shown, and not to be read");
    }

    // A gate that gives nothing closes the row for all but system, admin and requester; one of no resource for all
    // but system.
    let mut closed = gates.clone();
    closed.push(Fold::Engaged(Key::home(Actions::empty())));
    let shut = decide(&subject, &fold(&closed), &side);
    assert!(shut.actions.is_empty() || matches!(shut.rule, Rule::System | Rule::Admin | Rule::Requester));
    closed.push(Fold::Engaged(Key::NONE));
    let dangling = decide(&subject, &fold(&closed), &side);
    assert!(dangling.actions.is_empty() || subject.kind == SubjectKind::System);

    // What is called shut stays shut, whatever gates follow.
    let wanted = Actions::from_bits_retain(1 << (bytes.byte() % 40));
    if tally.is_shut(wanted) && !unbound && !side.requester && tally.engaged() > 0 {
        assert!(verdict.actions.intersection(wanted).is_empty());
    }

    // A resource itself: nobody nothing, system everything, behind the wall nothing.
    let key = Key::from_bits(bytes.word());
    let inside = bytes.flag();
    let on = decide_on(&subject, key, inside).actions;
    match subject.kind {
        SubjectKind::Nobody => assert!(on.is_empty()),
        SubjectKind::System => assert_eq!(on, Actions::EVERYTHING),
        SubjectKind::ApiKey if !inside => assert!(on.is_empty()),
        _ if subject.admin && key.is_home() => assert_eq!(on, Actions::EVERYTHING),
        _ => assert!(key.mask().contains(on)),
    }
}
