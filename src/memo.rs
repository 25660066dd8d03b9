//! A table from references to keys, for the hot path of a check.

use std::collections::HashMap;

/// Not a key: bits 29–31 are never set in one.
const EMPTY: u64 = u64::MAX;

/// A table from integers to words: open addressing, linear probing, 16 bytes a slot, loaded between 0.53 and
/// 0.8, so at most 30 bytes a key (asked: 32). One multiplication finds the slot; the integers are ids, mostly
/// consecutive, which a multiplicative hash spreads well.
#[derive(Debug, Default)]
pub struct IntTable {
    slots: Vec<(i64, u64)>,
    len: usize,
}

impl IntTable {
    #[inline]
    fn start(&self, key: i64) -> usize {
        let hash = (key as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        ((hash as u128 * self.slots.len() as u128) >> 64) as usize
    }

    /// The word of a key.
    #[inline]
    pub fn get(&self, key: i64) -> Option<u64> {
        if self.slots.is_empty() {
            return None;
        }
        let mut at = self.start(key);
        loop {
            // INVARIANT: at < slots.len(), and at least a fifth of the slots is empty, so this ends.
            let (k, v) = self.slots[at];
            if v == EMPTY {
                return None;
            }
            if k == key {
                return Some(v);
            }
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
    }

    /// Sets the word of a key to `change` of its present word (0 at first).
    pub fn update(&mut self, key: i64, change: impl FnOnce(u64) -> u64) {
        if self.len * 5 >= self.slots.len() * 4 {
            self.grow();
        }
        let mut at = self.start(key);
        loop {
            let (k, v) = self.slots[at];
            if v == EMPTY {
                self.slots[at] = (key, change(0));
                self.len += 1;
                return;
            }
            if k == key {
                self.slots[at].1 = change(v);
                return;
            }
            at += 1;
            if at == self.slots.len() {
                at = 0;
            }
        }
    }

    fn grow(&mut self) {
        let size = (self.slots.len() * 3 / 2).max(8);
        let old = std::mem::replace(&mut self.slots, vec![(0, EMPTY); size]);
        self.len = 0;
        for (key, word) in old {
            if word != EMPTY {
                self.update(key, |_| word);
            }
        }
    }

    /// Bytes held.
    pub fn bytes(&self) -> usize {
        self.slots.capacity() * size_of::<(i64, u64)>()
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

/// Keys found so far for one sort of reference.
#[derive(Debug, Default)]
pub struct Memo {
    ints: IntTable,
    uuids: HashMap<u128, u64>,
    texts: HashMap<Box<str>, u64>,
    text_bytes: usize,
}

impl Memo {
    /// The key found for a value.
    #[inline]
    pub fn get(&self, value: Value<'_>) -> Option<u64> {
        match value {
            Value::Int(i) => self.ints.get(i),
            Value::Uuid(u) => self.uuids.get(&u).copied(),
            Value::Text(t) => self.texts.get(t).copied(),
        }
    }

    /// Keeps the key found for a value.
    pub fn put(&mut self, value: Value<'_>, word: u64) {
        match value {
            Value::Int(i) => self.ints.update(i, |_| word),
            Value::Uuid(u) => {
                self.uuids.insert(u, word);
            }
            Value::Text(t) => {
                self.text_bytes += t.len();
                self.texts.insert(t.into(), word);
            }
        }
    }

    /// Bytes held, about.
    pub fn bytes(&self) -> usize {
        self.ints.bytes() + self.uuids.capacity() * 33 + self.texts.capacity() * 25 + self.text_bytes
    }

    /// How many keys.
    pub fn len(&self) -> usize {
        self.ints.len() + self.uuids.len() + self.texts.len()
    }

    /// Forgets everything.
    pub fn clear(&mut self) {
        *self = Memo::default();
    }
}
