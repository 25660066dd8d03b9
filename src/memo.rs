//! A table from references to keys, for the hot path of a check.

use std::collections::HashMap;

use docacl_core::digest::Question;
use docacl_core::{Actions, Key};

use crate::digests::Digests;
use crate::flat::{Reader, Writer};
use crate::hash::Seeded;

/// Not a key: bits 29–31 are never set in one.
const EMPTY: u64 = u64::MAX;

/// A table from integers to words. Ids are mostly consecutive: where they lie close enough the table is an array
/// (8 bytes a slot, at most three slots a key); else open addressing with linear probing (16 bytes a slot, loaded
/// between 0.53 and 0.8). Either way at most 30 bytes a key (asked: 32) but for the first few.
///
/// Measured on 1 million rows and four gates: an array saves about 8 ns a row over the hash.
#[derive(Debug, Default)]
pub struct IntTable {
    base: i64,
    dense: Vec<u64>,
    slots: Vec<(i64, u64)>,
    len: usize,
}

/// An array may have this many slots beside three for every key.
const SLACK: usize = 64;

impl IntTable {
    /// The word of a key.
    #[inline(always)]
    pub fn get(&self, key: i64) -> Option<u64> {
        // A key below the base wraps to far beyond any length.
        match self.dense.get(key.wrapping_sub(self.base) as usize) {
            Some(word) => {
                if *word == EMPTY {
                    None
                } else {
                    Some(*word)
                }
            }
            None if self.slots.is_empty() => None,
            None => self.probe(key),
        }
    }

    /// Where the table is an array: its first key and its length.
    pub fn array(&self) -> Option<(i64, usize)> {
        if self.dense.is_empty() { None } else { Some((self.base, self.dense.len())) }
    }

    /// All keys with their words, in no order.
    pub fn iter(&self) -> impl Iterator<Item = (i64, u64)> + '_ {
        let dense = self.dense.iter().enumerate().map(|(at, word)| (self.base.wrapping_add(at as i64), *word));
        dense.chain(self.slots.iter().copied()).filter(|(_, word)| *word != EMPTY)
    }

    fn start(&self, key: i64) -> usize {
        let hash = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((hash as u128 * self.slots.len() as u128) >> 64) as usize
    }

    #[inline(never)]
    fn probe(&self, key: i64) -> Option<u64> {
        let mut at = self.start(key);
        // At least a fifth of the slots is empty, so this ends.
        while let Some((k, word)) = self.slots.get(at) {
            if *word == EMPTY {
                return None;
            }
            if *k == key {
                return Some(*word);
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
        None
    }

    /// Sets the word of a key to `change` of its present word (0 at first).
    pub fn update(&mut self, key: i64, change: impl FnOnce(u64) -> u64) {
        if self.slots.is_empty() {
            if self.dense.is_empty() {
                self.base = key;
            }
            if self.reach(key) {
                let word = &mut self.dense[key.wrapping_sub(self.base) as usize];
                if *word == EMPTY {
                    *word = change(0);
                    self.len += 1;
                } else {
                    *word = change(*word);
                }
                return;
            }
            self.scatter();
        }
        if self.len * 5 >= self.slots.len() * 4 {
            self.grow();
            if self.slots.is_empty() {
                return self.update(key, change);
            }
        }
        self.insert(key, change);
    }

    /// Makes the array reach a key, if it may.
    fn reach(&mut self, key: i64) -> bool {
        let most = 3 * (self.len + 1) + SLACK;
        let (low, high) = (self.base.min(key), (self.base.saturating_add(self.dense.len() as i64 - 1)).max(key));
        let Some(span) = high.checked_sub(low).and_then(|s| usize::try_from(s).ok()).map(|s| s + 1) else {
            return false;
        };
        if span > most {
            return false;
        }
        if low < self.base {
            let shift = (self.base - low) as usize;
            self.dense.splice(0..0, std::iter::repeat_n(EMPTY, shift));
            self.base = low;
        }
        if self.dense.len() < span {
            self.dense.resize(span, EMPTY);
        }
        true
    }

    fn insert(&mut self, key: i64, change: impl FnOnce(u64) -> u64) {
        let mut at = self.start(key);
        loop {
            let (k, word) = self.slots[at];
            if word == EMPTY {
                self.slots[at] = (key, change(0));
                self.len += 1;
                return;
            }
            if k == key {
                self.slots[at].1 = change(word);
                return;
            }
            at = if at + 1 == self.slots.len() { 0 } else { at + 1 };
        }
    }

    /// From an array to a hash.
    fn scatter(&mut self) {
        let (base, dense) = (self.base, std::mem::take(&mut self.dense));
        self.slots = vec![(0, EMPTY); (self.len * 3 / 2).max(8)];
        self.len = 0;
        for (at, word) in dense.into_iter().enumerate().filter(|(_, w)| *w != EMPTY) {
            self.insert(base + at as i64, |_| word);
        }
    }

    /// A larger hash, or an array where the keys lie close by now.
    fn grow(&mut self) {
        let old: Vec<(i64, u64)> = self.slots.drain(..).filter(|(_, w)| *w != EMPTY).collect();
        let size = old.len() * 15 / 8;
        self.slots = Vec::new();
        self.len = 0;
        let low = old.iter().map(|(k, _)| *k).min().unwrap_or(0);
        let high = old.iter().map(|(k, _)| *k).max().unwrap_or(0);
        let span = high.checked_sub(low).and_then(|s| usize::try_from(s).ok()).unwrap_or(usize::MAX);
        if span < 2 * old.len() {
            self.base = low;
            self.dense = vec![EMPTY; span + 1];
            for (key, word) in old {
                self.dense[(key - low) as usize] = word;
                self.len += 1;
            }
            return;
        }
        self.slots = vec![(0, EMPTY); size.max(8)];
        for (key, word) in old {
            self.insert(key, |_| word);
        }
    }

    /// Writes all of it.
    pub fn write(&self, out: &mut Writer) {
        out.int(self.base);
        out.words(&self.dense);
        out.list(self.slots.iter(), |out, (key, word)| {
            out.int(*key);
            out.word(*word);
        });
    }

    /// Reads what [`IntTable::write`] wrote.
    pub fn read(from: &mut Reader<'_>) -> Option<IntTable> {
        let (base, dense) = (from.int()?, from.words()?);
        let slots = from.list(|from| Some((from.int()?, from.word()?)))?;
        let mut table = IntTable { base, dense, slots, len: 0 };
        table.len = table.iter().count();
        // A table without empty slots would be searched for ever.
        (table.slots.is_empty() || table.len < table.slots.len()).then_some(table)
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<(i64, u64)>() + self.dense.capacity() * size_of::<u64>()
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.len
    }
}

/// A value of a reference column.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Value<'a> {
    /// smallint, integer or bigint.
    Int(i64),
    /// uuid.
    Uuid(u128),
    /// text, and the names of functions given as constants.
    Text(&'a str),
}

impl Value<'_> {
    /// The form in which docacl keeps an application's key.
    pub fn to_key(self) -> String {
        match self {
            Value::Int(i) => i.to_string(),
            Value::Uuid(u) => uuid_text(u),
            Value::Text(t) => t.to_owned(),
        }
    }
}

fn uuid_text(u: u128) -> String {
    let hex = format!("{u:032x}");
    [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
}

/// The words in which keys are kept: a key without a limit as itself; one with a limit, which does not fit into a word,
/// as the place where it is.
#[derive(Debug, Default)]
pub struct Words {
    /// Each different one once: there are few.
    limited: Vec<Key>,
}

/// The word of a key with a limit: never set in one without.
const LIMITED: u64 = 1 << 29;

impl Words {
    /// The key of a word.
    #[inline(always)]
    pub fn key(&self, word: u64) -> Key {
        if word & LIMITED == 0 { Key::from_bits(word) } else { self.limited(word) }
    }

    #[inline(never)]
    fn limited(&self, word: u64) -> Key {
        // No key that is not there: a row closed too much is better than one open too far.
        self.limited.get((word & !LIMITED) as usize).copied().unwrap_or(Key::NONE)
    }

    fn word(&mut self, key: Key) -> u64 {
        if !key.is_limited() {
            return key.bits();
        }
        let at = self.limited.iter().position(|k| *k == key).unwrap_or_else(|| {
            self.limited.push(key);
            self.limited.len() - 1
        });
        LIMITED | at as u64
    }
}

/// Keys found so far for one sort of reference.
#[derive(Debug, Default)]
pub struct Memo {
    ints: IntTable,
    words: Words,
    uuids: HashMap<u128, u64, Seeded>,
    /// By their bytes in UTF-8.
    texts: HashMap<Box<[u8]>, u64, Seeded>,
    text_bytes: usize,
    #[allow(clippy::vec_box, reason = "quick checks point to them: they must not move when the vector grows")]
    digests: Vec<Box<Digests>>,
}

impl Memo {
    /// The key found for a value.
    #[inline]
    pub fn get(&self, value: Value<'_>) -> Option<Key> {
        match value {
            Value::Int(i) => self.get_int(i),
            Value::Uuid(u) => self.get_uuid(u),
            Value::Text(t) => self.get_text(t.as_bytes()),
        }
    }

    /// The key found for a uuid.
    #[inline]
    pub fn get_uuid(&self, value: u128) -> Option<Key> {
        self.uuids.get(&value).map(|word| self.words.key(*word))
    }

    /// The key found for a text, given in UTF-8.
    #[inline]
    pub fn get_text(&self, value: &[u8]) -> Option<Key> {
        self.texts.get(value).map(|word| self.words.key(*word))
    }

    /// The key found for an integer.
    #[inline(always)]
    pub fn get_int(&self, value: i64) -> Option<Key> {
        self.ints.get(value).map(|word| self.words.key(word))
    }

    /// Keeps the key found for a value.
    pub fn put(&mut self, value: Value<'_>, key: Key) {
        let word = self.words.word(key);
        match value {
            Value::Int(i) => {
                self.ints.update(i, |_| word);
                for digests in &mut self.digests {
                    digests.put(i, key, &self.ints, &self.words);
                }
            }
            Value::Uuid(u) => {
                self.uuids.insert(u, word);
            }
            Value::Text(t) => {
                self.text_bytes += t.len();
                self.texts.insert(t.as_bytes().into(), word);
            }
        }
    }

    /// The keys as a question sees them. The pointer stays good as long as the memo.
    pub fn digests(&mut self, question: Question, scope: bool) -> *const Digests {
        let found = self.digests.iter().position(|d| d.question == question && d.scope == scope);
        let at = found.unwrap_or_else(|| {
            self.digests.push(Box::new(Digests::of(question, scope, &self.ints, &self.words)));
            self.digests.len() - 1
        });
        &raw const *self.digests[at]
    }

    /// Writes the keys; digests are made again where they are asked for.
    pub fn write(&self, out: &mut Writer) {
        self.ints.write(out);
        out.list(self.words.limited.iter(), |out, key| {
            out.word(key.bits());
            out.word(key.limit().bits());
        });
        out.list(self.uuids.iter(), |out, (uuid, word)| {
            out.word((uuid >> 64) as u64);
            out.word(*uuid as u64);
            out.word(*word);
        });
        out.list(self.texts.iter(), |out, (text, word)| {
            out.bytes(text);
            out.word(*word);
        });
    }

    /// Reads what [`Memo::write`] wrote.
    pub fn read(from: &mut Reader<'_>) -> Option<Memo> {
        let ints = IntTable::read(from)?;
        let limited = from.list(|from| {
            let (bits, limit) = (from.word()?, from.word()?);
            Some(Key::from_bits(bits).limited(Actions::from_bits_retain(limit)))
        })?;
        let uuid = |high: u64, low: u64| u128::from(high) << 64 | u128::from(low);
        let uuids = from.list(|from| Some((uuid(from.word()?, from.word()?), from.word()?)))?;
        let texts = from.list(|from| Some((Box::<[u8]>::from(from.bytes()?), from.word()?)))?;
        let text_bytes = texts.iter().map(|(text, _)| text.len()).sum();
        let (uuids, texts) = (uuids.into_iter().collect(), texts.into_iter().collect());
        Some(Memo { ints, words: Words { limited }, uuids, texts, text_bytes, digests: vec![] })
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        self.ints.bytes()
            + self.uuids.capacity() * 33
            + self.texts.capacity() * 25
            + self.text_bytes
            + self.words.limited.capacity() * size_of::<Key>()
            + self.digests.iter().map(|d| size_of::<Digests>() + d.bytes()).sum::<usize>()
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.ints.len() + self.uuids.len() + self.texts.len()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        let mut digests = std::mem::take(&mut self.digests);
        digests.iter_mut().for_each(|d| d.clear());
        *self = Memo { digests, ..Memo::default() };
    }
}

#[cfg(test)]
mod tests {
    use super::{IntTable, Memo, Reader, Value, Writer};
    use docacl_core::{Actions, Key};
    use std::collections::HashMap;

    #[test]
    fn a_limited_key_is_kept_with_its_limit() {
        let keys = [Key::NONE, Key::home(Actions::READ), Key::away(Actions::WRITE), Key::home(Actions::EVERYTHING)];
        let limits = [Actions::EVERYTHING, Actions::READ, Actions::empty()];
        let all: Vec<Key> = keys.into_iter().flat_map(|k| limits.map(|l| k.limited(l))).collect();
        let mut memo = Memo::default();
        for (n, key) in all.iter().enumerate() {
            memo.put(Value::Int(n as i64), *key);
            memo.put(Value::Int(n as i64 * 1_000_003), *key);
            memo.put(Value::Uuid(n as u128), *key);
            memo.put(Value::Text(&n.to_string()), *key);
        }
        for (n, key) in all.iter().enumerate() {
            assert_eq!(memo.get_int(n as i64 * 1_000_003), Some(*key));
            assert_eq!(memo.get_uuid(n as u128), Some(*key));
            assert_eq!(memo.get(Value::Text(&n.to_string())), Some(*key));
        }
    }

    fn compare(keys: impl Iterator<Item = i64>) -> IntTable {
        let (mut table, mut model) = (IntTable::default(), HashMap::new());
        for (n, key) in keys.enumerate() {
            table.update(key, |w| w | 1 << (n % 20));
            *model.entry(key).or_insert(0) |= 1 << (n % 20);
            assert_eq!(table.len(), model.len());
        }
        assert_eq!(table.iter().collect::<HashMap<_, _>>(), model);
        for (key, word) in &model {
            assert_eq!(table.get(*key), Some(*word), "{key}");
        }
        for key in [i64::MIN, i64::MAX, -1, 0, 7_777_777_777] {
            assert_eq!(table.get(key), model.get(&key).copied(), "{key}");
        }
        let mut out = Writer::default();
        table.write(&mut out);
        let read = IntTable::read(&mut Reader::new(&out.done())).expect("what was written");
        assert_eq!(read.iter().collect::<HashMap<_, _>>(), model);
        assert!(model.iter().all(|(key, word)| read.get(*key) == Some(*word)) && read.len() == model.len());
        table
    }

    fn pseudo_random(count: u64) -> impl Iterator<Item = i64> {
        (1..=count).map(|n| (n.wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ n << 17) as i64)
    }

    #[test]
    fn a_table_is_a_map() {
        compare(std::iter::empty());
        compare(1..5000);
        compare((1..5000).rev());
        compare((1..5000).map(|n| n * 3));
        compare((1..5000).map(|n| n * 1000));
        compare((1..5000).chain((1..5000).map(|n| n * 1_000_000)));
        compare([i64::MAX, i64::MIN, 0, -1, 1].into_iter());
        compare(pseudo_random(5000));
        compare(pseudo_random(50).chain(1..20_000));
        compare((0..3000).map(|n| (n * 7919) % 3001));
    }

    #[test]
    fn a_memo_is_read_as_it_was_written() {
        let key = |n: i64| {
            Key::home(Actions::from_bits_retain(n as u64 % 7)).limited(match n % 3 {
                0 => Actions::EVERYTHING,
                1 => Actions::READ,
                _ => Actions::empty(),
            })
        };
        let mut memo = Memo::default();
        for n in 0..1000 {
            let text = format!("key {n}");
            for value in [Value::Int(n * 1000), Value::Uuid(u128::MAX - n as u128), Value::Text(&text)] {
                memo.put(value, key(n));
            }
        }
        let mut out = Writer::default();
        memo.write(&mut out);
        let bytes = out.done();
        let read = Memo::read(&mut Reader::new(&bytes)).expect("what was written");
        assert_eq!(read.len(), memo.len());
        for n in 0..1000 {
            let text = format!("key {n}");
            for value in [Value::Int(n * 1000), Value::Uuid(u128::MAX - n as u128), Value::Text(&text)] {
                assert_eq!(read.get(value), Some(key(n)));
            }
        }
        assert!(Memo::read(&mut Reader::new(&bytes[..bytes.len() - 1])).is_none());
    }

    #[test]
    fn a_table_without_room_is_not_read() {
        let mut out = Writer::default();
        out.int(0);
        out.words(&[]);
        out.list([(1, 1), (2, 2)].into_iter(), |out, (key, word)| {
            out.int(key);
            out.word(word);
        });
        assert!(IntTable::read(&mut Reader::new(&out.done())).is_none());
    }

    #[test]
    fn a_key_takes_at_most_32_bytes() {
        for table in [compare(1..100_000), compare(pseudo_random(100_000)), compare((1..50_000).map(|n| n * 2))] {
            assert!(table.bytes() <= 32 * table.len(), "{} bytes for {} keys", table.bytes(), table.len());
        }
    }
}
