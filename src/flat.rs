//! Values as bytes, for another process of the same server: words in the machine's own order, lengths before what has
//! none of its own. Reading believes nothing: what is cut short or does not add up is `None`.

/// What is being written.
#[derive(Default)]
pub struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    /// A word.
    pub fn word(&mut self, word: u64) {
        self.bytes.extend_from_slice(&word.to_ne_bytes());
    }

    /// A number.
    pub fn int(&mut self, number: i64) {
        self.word(number as u64);
    }

    /// Bytes, as many as they are.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
    }

    /// Something that need not be there.
    pub fn option<T>(&mut self, value: Option<T>, write: impl FnOnce(&mut Writer, T)) {
        self.word(u64::from(value.is_some()));
        if let Some(value) = value {
            write(self, value);
        }
    }

    /// Several of a sort.
    pub fn list<T>(&mut self, items: impl ExactSizeIterator<Item = T>, mut write: impl FnMut(&mut Writer, T)) {
        self.word(items.len() as u64);
        items.for_each(|item| write(self, item));
    }

    /// Many words.
    pub fn words(&mut self, words: &[u64]) {
        self.word(words.len() as u64);
        self.bytes.reserve(words.len() * 8);
        words.iter().for_each(|word| self.word(*word));
    }

    /// All that was written.
    pub fn done(self) -> Vec<u8> {
        self.bytes
    }
}

/// What is left to read.
pub struct Reader<'a> {
    bytes: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these bytes.
    pub fn new(bytes: &'a [u8]) -> Reader<'a> {
        Reader { bytes }
    }

    fn take(&mut self, len: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(len)?;
        self.bytes = rest;
        Some(taken)
    }

    /// A length, of things of at least `least` bytes each: there cannot be more than the bytes that are left.
    fn len(&mut self, least: usize) -> Option<usize> {
        usize::try_from(self.word()?).ok().filter(|len| *len <= self.bytes.len() / least)
    }

    /// A word.
    pub fn word(&mut self) -> Option<u64> {
        let (word, rest) = self.bytes.split_first_chunk()?;
        self.bytes = rest;
        Some(u64::from_ne_bytes(*word))
    }

    /// A number.
    pub fn int(&mut self) -> Option<i64> {
        self.word().map(|word| word as i64)
    }

    /// Yes or no.
    pub fn flag(&mut self) -> Option<bool> {
        match self.word()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    /// Bytes.
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let len = self.len(1)?;
        self.take(len)
    }

    /// A text.
    pub fn text(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.bytes()?).ok()
    }

    /// Something that need not be there.
    pub fn option<T>(&mut self, read: impl FnOnce(&mut Reader<'a>) -> Option<T>) -> Option<Option<T>> {
        if self.flag()? { read(self).map(Some) } else { Some(None) }
    }

    /// Several of a sort, each of a word at least.
    pub fn list<T>(&mut self, mut read: impl FnMut(&mut Reader<'a>) -> Option<T>) -> Option<Vec<T>> {
        let len = self.len(8)?;
        (0..len).map(|_| read(self)).collect()
    }

    /// Many words.
    pub fn words(&mut self) -> Option<Vec<u64>> {
        let len = self.len(8)?;
        let bytes = self.take(len * 8)?;
        let (words, _) = bytes.as_chunks();
        Some(words.iter().map(|word| u64::from_ne_bytes(*word)).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> Vec<u8> {
        let mut out = Writer::default();
        out.int(-7);
        out.bytes(b"kind");
        out.option(Some(3), Writer::int);
        out.option(None, Writer::int);
        out.list([1, 2, 3].into_iter(), Writer::int);
        out.words(&[u64::MAX, 0]);
        out.done()
    }

    type All<'a> = (i64, &'a str, Option<i64>, Option<i64>, Vec<i64>, Vec<u64>);

    fn read(bytes: &[u8]) -> Option<All<'_>> {
        let r = &mut Reader::new(bytes);
        Some((r.int()?, r.text()?, r.option(Reader::int)?, r.option(Reader::int)?, r.list(Reader::int)?, r.words()?))
    }

    #[test]
    fn what_was_written_is_read() {
        let all = (-7, "kind", Some(3), None, vec![1, 2, 3], vec![u64::MAX, 0]);
        assert_eq!(read(&written()), Some(all));
    }

    #[test]
    fn what_is_cut_short_is_nothing() {
        let bytes = written();
        for len in 0..bytes.len() {
            assert_eq!(read(&bytes[..len]), None, "{len}");
        }
    }

    #[test]
    fn lengths_are_not_believed() {
        let mut out = Writer::default();
        out.word(u64::MAX);
        let bytes = out.done();
        assert_eq!(Reader::new(&bytes).bytes(), None);
        assert_eq!(Reader::new(&bytes).words(), None);
        assert_eq!(Reader::new(&bytes).list(Reader::int), None);
        assert_eq!(Reader::new(&bytes).flag(), None);
    }
}
