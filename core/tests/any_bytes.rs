//! The fuzz targets of `core/fuzz`, run over random bytes and over texts that look like what is asked.
#![allow(clippy::panic, reason = "a test that panics has failed, which is what it is for")]

mod fuzzed;

use docacl_reference::Random;

fn bytes(random: &mut Random) -> Vec<u8> {
    let len = random.below(120);
    (0..len).map(|_| random.bits() as u8).collect()
}

/// Characters that mean something to words and paths, and a few that never should.
fn text(random: &mut Random) -> Vec<u8> {
    const PARTS: [&str; 16] =
        ["view", "add", "FULL", "custom", "_id", ",", " ", "-", "/", "\\", "*", "é", "İ", "\u{0}", "\u{2028}", "a"];
    let len = random.below(12);
    (0..len).filter_map(|_| random.pick(&PARTS).copied()).collect::<String>().into_bytes()
}

#[test]
fn any_bytes_keep_the_laws() {
    let mut random = Random::new(0xd0c);
    for _ in 0..100_000 {
        fuzzed::decisions(&bytes(&mut random));
    }
    for _ in 0..30_000 {
        for data in [bytes(&mut random), text(&mut random)] {
            fuzzed::words(&data);
            fuzzed::paths(&data);
        }
    }
}
