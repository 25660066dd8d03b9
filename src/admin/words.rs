//! From words to what a grant gives on a resource of some kind.

use docacl_core::action::{self, CustomAction};
use docacl_core::{Actions, kind as core_kind};

use crate::error::{self, Result};
use crate::facts;
use crate::scan::Snap;

/// What the words grant on a resource of this kind. A single action that does not apply there is refused; a set
/// leaves out what does not apply. `''` is nothing.
pub fn granted(words: &str, kind: &str, snap: &Snap) -> Result<Actions> {
    let on_kind = format!("granted on kind {kind}");
    applicable(words, core_kind::applicable(kind), &on_kind, &format!("On kind {kind}"), snap)
}

fn applicable(words: &str, applicable: Actions, done: &str, there: &str, snap: &Snap) -> Result<Actions> {
    let custom = facts::custom_actions(snap)?;
    let mut mask = Actions::empty();
    for word in action::granted_by(words, &custom).map_err(|e| unknown_word(&e, &custom))? {
        let applies = word.actions & applicable;
        if applies.is_empty() || !word.is_set && applies != word.actions {
            let names = action::names(word.actions - applicable, &custom).join(", ");
            return Err(error::bad(
                format!("{names} cannot be {done}"),
                format!("{there} there are: {}.", action::names(applicable, &custom).join(", ")),
            ));
        }
        mask |= applies;
    }
    Ok(mask)
}

/// What the words leave of what can be done to rows: as [`granted`].
pub fn of_rows(words: &str, snap: &Snap) -> Result<Actions> {
    applicable(words, core_kind::POSSIBLE_WITH_ROWS, "said of rows", "Of rows", snap)
}

/// As [`granted`], and something: `''` is refused.
pub fn granted_some(words: &str, kind: &str, snap: &Snap) -> Result<Actions> {
    let mask = granted(words, kind, snap)?;
    if mask.is_empty() {
        return Err(error::bad(
            "no actions given",
            "Write one or more words, separated by commas, such as 'view, edit'.",
        ));
    }
    Ok(mask)
}

/// 22023 for a word that is no action.
pub fn unknown_word(unknown: &action::UnknownWord, custom: &[CustomAction]) -> pgrx::pg_sys::panic::ErrorReport {
    error::bad(
        unknown.to_string(),
        format!(
            "Sets are view, see, open, add, edit, change, full, guest; actions are {}.",
            action::names(Actions::EVERYTHING, custom).join(", ")
        ),
    )
}

/// Actions as words, for messages.
pub fn words(actions: Actions, snap: &Snap) -> Result<String> {
    Ok(action::words(actions, &facts::custom_actions(snap)?))
}
