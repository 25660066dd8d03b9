//! Names and paths. A name is what a person reads; a path is names joined by slashes, outermost first,
//! a slash inside a name written `\/`. A backslash is an ordinary character, but one that stands right before a slash
//! or at a name's end is written twice: or a name that ends in one would swallow the slash that follows.

use std::fmt;

/// The longest name, in characters.
pub const MAX_CHARS: usize = 255;

/// Why a name is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadName {
    /// Nothing but blanks.
    Blank,
    /// More than [`MAX_CHARS`] characters.
    TooLong,
    /// A control character.
    ControlCharacter,
    /// `*`, which means every resource of a kind.
    Star,
}

impl fmt::Display for BadName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadName::Blank => "must not be blank",
            BadName::TooLong => "must not be longer than 255 characters",
            BadName::ControlCharacter => "must not contain control characters",
            BadName::Star => "must not be \"*\", which means every resource of its kind",
        })
    }
}

impl std::error::Error for BadName {}

/// Whether a name is acceptable for a principal, a resource, a kind or an action.
pub fn check(name: &str) -> Result<(), BadName> {
    if name.trim().is_empty() {
        Err(BadName::Blank)
    } else if name.chars().count() > MAX_CHARS {
        Err(BadName::TooLong)
    } else if name.chars().any(char::is_control) {
        Err(BadName::ControlCharacter)
    } else if name == "*" {
        Err(BadName::Star)
    } else {
        Ok(())
    }
}

/// A path as a person wrote it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// It starts at the top.
    pub absolute: bool,
    /// The names, outermost first.
    pub segments: Vec<String>,
}

/// Reads a path. `None` where it names nothing (an empty segment).
pub fn parse_path(text: &str) -> Option<Path> {
    let (absolute, rest) = match text.strip_prefix('/') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let mut segments = Vec::new();
    let mut current = String::new();
    let mut backslashes = 0usize;
    for c in rest.chars() {
        match c {
            '\\' => backslashes = backslashes.saturating_add(1),
            '/' => {
                current.extend(std::iter::repeat_n('\\', backslashes / 2));
                if backslashes.is_multiple_of(2) {
                    segments.push(std::mem::take(&mut current));
                } else {
                    current.push('/');
                }
                backslashes = 0;
            }
            _ => {
                current.extend(std::iter::repeat_n('\\', backslashes));
                current.push(c);
                backslashes = 0;
            }
        }
    }
    current.extend(std::iter::repeat_n('\\', backslashes.div_ceil(2)));
    segments.push(current);
    if segments.iter().any(|s| s.is_empty()) { None } else { Some(Path { absolute, segments }) }
}

/// Writes a path from the top: the inverse of [`parse_path`].
pub fn format_path<S: AsRef<str>>(segments: impl IntoIterator<Item = S>) -> String {
    segments.into_iter().fold(String::new(), |mut out, segment| {
        out.push('/');
        let mut backslashes = 0usize;
        for c in segment.as_ref().chars() {
            if c == '/' {
                out.extend(std::iter::repeat_n('\\', backslashes.saturating_add(1)));
            }
            backslashes = if c == '\\' { backslashes.saturating_add(1) } else { 0 };
            out.push(c);
        }
        out.extend(std::iter::repeat_n('\\', backslashes));
        out
    })
}
