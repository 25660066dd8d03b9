//! Checks of what people write: names, e-mails, keys.

use docacl_core::name;

use crate::error::{self, Result};

/// A name, or whatever else `what` says, for a resource or an account.
pub fn check(what: &str, text: &str) -> Result<()> {
    name::check(text).map_err(|why| {
        error::bad(
            format!("the {what} {why}"),
            format!("Give 1 to {} characters without control characters.", name::MAX_CHARS),
        )
    })
}

/// A name for a principal: nobody else goes by the name of `system`, however it is written.
pub fn check_principal(text: &str) -> Result<()> {
    check("name", text)?;
    if text.trim().to_lowercase() == "system" {
        return Err(error::bad(
            "\"system\" is no name for a principal",
            "Choose another name; system is the only one of that name.",
        ));
    }
    Ok(())
}

/// An e-mail: plausible, not proven.
pub fn check_email(text: &str) -> Result<()> {
    check("e-mail", text)?;
    let plausible = !text.chars().any(char::is_whitespace)
        && text.split_once('@').is_some_and(|(who, host)| !who.is_empty() && !host.is_empty() && !host.contains('@'));
    if plausible { Ok(()) } else { Err(error::bad(format!("\"{text}\" is not an e-mail"), "Write it as name@host.")) }
}

/// A key: the application's own identifier, or none.
pub fn check_key(text: Option<&str>) -> Result<()> {
    text.map_or(Ok(()), |key| check("key", key))
}
