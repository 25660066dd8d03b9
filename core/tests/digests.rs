//! Digests say what the gates say: every fold answers as `decide` does about the gates themselves.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::arithmetic_side_effects,
    reason = "a test that panics has failed, which is what it is for"
)]

use docacl_core::digest::{Answers, Digest, Question, Side};
use docacl_core::verdict::decide;
use docacl_core::{Actions, Key, Subject, SubjectKind, Tally};
use docacl_reference::Random;
use proptest::prelude::*;

/// A gate of a row: what became of its reference.
#[derive(Debug, Clone, Copy)]
enum Gate {
    Absent,
    Missing,
    Present(Key),
}

fn key() -> impl Strategy<Value = Key> {
    // Few or many actions; read, write and enter, which have rules of their own, often enough.
    let mask = prop_oneof![
        Just(0),
        any::<u64>(),
        (any::<u64>(), any::<u64>(), any::<u64>()).prop_map(|(a, b, c)| a & b & c),
        any::<u64>().prop_map(|m| m & 0x0200_0021),
        (0u32..63).prop_map(|bit| 1 << bit),
        Just(Actions::CHANGE.bits()),
    ];
    let limit = prop_oneof![
        4 => Just(u64::MAX),
        1 => any::<u64>(),
        1 => Just(Actions::VIEW.bits()),
        1 => any::<u64>().prop_map(|m| m & 0x0200_0061),
    ];
    (mask, any::<bool>(), limit).prop_map(|(mask, home, limit)| {
        let actions = Actions::from_bits_retain(mask);
        let key = if home { Key::home(actions) } else { Key::away(actions) };
        key.limited(Actions::from_bits_retain(limit))
    })
}

fn gate() -> impl Strategy<Value = Gate> {
    prop_oneof![1 => Just(Gate::Absent), 1 => Just(Gate::Missing), 6 => key().prop_map(Gate::Present)]
}

fn subject() -> impl Strategy<Value = Subject> {
    use SubjectKind::{ApiKey, Nobody, System, User};
    (prop_oneof![Just(Nobody), Just(System), Just(ApiKey), Just(User), Just(User)], any::<bool>(), any::<bool>())
        .prop_map(|(kind, admin, read_only)| Subject { kind, admin, read_only })
}

/// Folded both ways, with the gate at `scope` the wall of API keys.
fn folded(question: Question, gates: &[Gate], scope: usize) -> (Tally, Digest) {
    let (mut tally, mut fold) = (Tally::new(), Digest::ABSENT);
    for (at, gate) in gates.iter().enumerate() {
        let digest = match gate {
            Gate::Absent => {
                tally.absent(false);
                Digest::ABSENT
            }
            Gate::Missing => {
                tally.absent(true);
                Digest::MISSING
            }
            Gate::Present(key) if at == scope => {
                tally.engage_scope(*key);
                question.digest_scope(*key)
            }
            Gate::Present(key) => {
                tally.engage(*key);
                question.digest(*key)
            }
        };
        if let Gate::Present(_) = gate {
            assert_eq!(Digest::kept(digest.byte()), Some(digest));
        }
        fold = fold.and(digest);
    }
    (tally, fold)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn a_fold_answers_as_its_gates_do(
        subject in subject(),
        rows in proptest::collection::vec((proptest::collection::vec(gate(), 0..7), 0u8..32), 1..20),
        scope in 0usize..7,
        actions in proptest::collection::vec(0u32..63, 1..6),
    ) {
        for wanted in actions.into_iter().map(|bit| Actions::from_bits_retain(1 << bit)) {
            let question = Question::new(wanted).unwrap();
            let answers = Answers::new(subject, question);
            // Twice: decided, and as it was kept.
            for (gates, side) in rows.iter().chain(&rows) {
                let (tally, fold) = folded(question, gates, scope);
                let bytes = |fold: fn(u8, u8) -> u8, first| {
                    gates.iter().map(|gate| folded(question, &[*gate], scope).1.byte()).fold(first, fold)
                };
                if scope >= gates.len() {
                    prop_assert_eq!(fold, Digest::folded(bytes(|a, b| a & b, Digest::ABSENT.byte()), bytes(|a, b| a | b, 0)));
                }
                prop_assert_eq!(fold.is_shut(), tally.is_shut(wanted));
                prop_assert_eq!(fold.is_engaged(), tally.engaged() > 0);
                let side = Side::from_bits_retain(*side);
                let verdict = decide(&subject, &tally, &side.into());
                if side.is_empty() {
                    prop_assert!(answers.kept(fold).is_none_or(|kept| kept == verdict.allows_any(wanted)));
                }
                // What a limit leaves to a requester a digest does not say: whoever asks has to look (src/bound/quick.rs).
                let limited = gates.iter().any(|gate| matches!(gate, Gate::Present(key) if key.is_limited()));
                if !(limited && side.contains(Side::REQUESTER)) {
                    prop_assert_eq!(answers.get(fold, side), verdict.allows_any(wanted), "{:?} {:?}", gates, side);
                }
            }
        }
    }
}

/// The same over cases without number, and every answer both ways: a test whose keys never open shows nothing.
#[test]
fn every_action_is_met_open_and_shut() {
    let mut random = Random::new(7);
    for bit in (0..29).chain(32..63) {
        let wanted = Actions::from_bits_retain(1 << bit);
        let question = Question::new(wanted).unwrap();
        let subject = Subject { kind: SubjectKind::User, admin: false, read_only: false };
        let answers = Answers::new(subject, question);
        let mut met = [0, 0];
        for _ in 0..2000 {
            let gates: Vec<Gate> = (0..1 + random.below(4))
                .map(|_| {
                    let bits = random.bits() | u64::from(random.below(3) > 0) << bit | u64::from(random.below(3) > 0);
                    Gate::Present(Key::home(Actions::from_bits_retain(bits)))
                })
                .collect();
            let (tally, fold) = folded(question, &gates, 9);
            let open = answers.get(fold, Side::empty());
            assert_eq!(open, decide(&subject, &tally, &Side::empty().into()).allows_any(wanted));
            met[usize::from(open)] += 1;
        }
        // Without add and its like, which are asked of places, and enter, which gives nothing.
        if !Actions::OF_PLACES.union(Actions::ENTER).difference(Actions::ADD).contains(wanted) {
            assert!(met.iter().all(|n| *n > 0), "{wanted:?}: {met:?}");
        }
    }
}

#[test]
fn only_one_action_is_a_question() {
    assert_eq!(Question::new(Actions::empty()), None);
    assert_eq!(Question::new(Actions::VIEW), None);
    assert_eq!(Question::new(Actions::READ | Actions::WRITE), None);
    assert!(Question::new(Actions::WRITE).is_some());
}
