//! The keys found for one sort of reference, as one question sees them: a byte each.
//!
//! A table of bytes stays in the processor's nearest cache where one of keys does not (20,000 locations: 20 kB, not
//! 160), and what a key grants and permits is worked out once a key instead of once a row.

use docacl_core::Key;
use docacl_core::digest::{Digest, Question};

use crate::memo::{IntTable, Words};

/// Digests of the integers of an [`IntTable`] that is an array; empty while it is a hash.
#[derive(Debug)]
pub struct Digests {
    pub question: Question,
    /// Of the scope gate.
    pub scope: bool,
    base: i64,
    bytes: Vec<u8>,
}

impl Digests {
    /// Of the keys found so far.
    pub fn of(question: Question, scope: bool, keys: &IntTable, words: &Words) -> Digests {
        let mut digests = Digests { question, scope, base: 0, bytes: vec![] };
        digests.again(keys, words);
        digests
    }

    /// What a key says.
    #[inline]
    pub fn digest(&self, key: Key) -> Digest {
        if self.scope { self.question.digest_scope(key) } else { self.question.digest(key) }
    }

    /// The byte of the digest kept for an integer; 0 where none is.
    #[inline(always)]
    pub fn byte(&self, value: i64) -> u8 {
        // A value below the base wraps to far beyond any length.
        self.bytes.get(value.wrapping_sub(self.base) as usize).copied().unwrap_or(0)
    }

    /// The digest kept for an integer.
    #[inline]
    pub fn get(&self, value: i64) -> Option<Digest> {
        Digest::kept(self.byte(value))
    }

    /// Follows a table to which a key was put.
    pub fn put(&mut self, value: i64, key: Key, keys: &IntTable, words: &Words) {
        let Some((base, len)) = keys.array() else {
            self.bytes = vec![];
            return;
        };
        let below = self.base.wrapping_sub(base);
        if self.bytes.is_empty() || below < 0 || below as usize > len {
            return self.again(keys, words);
        }
        if below > 0 {
            self.bytes.splice(0..0, std::iter::repeat_n(0, below as usize));
            self.base = base;
        }
        self.bytes.resize(len, 0);
        let byte = self.digest(key).byte();
        if let Some(kept) = self.bytes.get_mut(value.wrapping_sub(base) as usize) {
            *kept = byte;
        }
    }

    fn again(&mut self, keys: &IntTable, words: &Words) {
        let Some((base, len)) = keys.array() else { return };
        self.base = base;
        self.bytes = vec![0; len];
        for (value, word) in keys.iter() {
            let byte = self.digest(words.key(word)).byte();
            if let Some(kept) = self.bytes.get_mut(value.wrapping_sub(base) as usize) {
                *kept = byte;
            }
        }
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        self.bytes = vec![];
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.bytes.capacity()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use docacl_core::Actions;

    fn follow(values: impl Iterator<Item = i64>) {
        let question = Question::new(Actions::READ).expect("one action");
        let mut keys = IntTable::default();
        let words = Words::default();
        let mut digests = [false, true].map(|scope| Digests::of(question, scope, &keys, &words));
        let mut all = vec![];
        for (n, value) in values.enumerate() {
            let key = Key::home(Actions::from_bits_retain(n as u64 % 7));
            keys.update(value, |_| key.bits());
            all.push(value);
            for d in &mut digests {
                d.put(value, key, &keys, &words);
            }
        }
        let late = [false, true].map(|scope| Digests::of(question, scope, &keys, &words));
        for d in digests.iter().chain(&late) {
            for value in all.iter().copied().chain([i64::MIN, i64::MAX, -1, 0, 1 << 40]) {
                let kept = keys.get(value).filter(|_| keys.array().is_some()).map(|word| d.digest(words.key(word)));
                assert_eq!(d.get(value), kept, "{value}");
            }
        }
    }

    #[test]
    fn digests_follow_their_table() {
        follow(std::iter::empty());
        follow(1..3000);
        follow((1..3000).rev());
        follow((1..3000).map(|n| (n * 7919) % 3001));
        follow((1..3000).map(|n| n * 1000));
        // Dense, a hash, dense again.
        follow((1..50).map(|n| n * 1000).chain(0..60_000));
        follow([i64::MAX, i64::MIN, 0, -1, 1].into_iter());
        follow((0..100).chain((-100..0).rev()).chain(0..100));
    }
}
