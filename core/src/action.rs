//! Actions, their sets and their words.
//!
//! An action is one bit of a 64-bit mask; a word is the name of an action or of a set. A word means one
//! thing in a grant ([`granted_by`]) and one thing in a check ([`asked_by`]); both refuse what they do not
//! know, so a misspelt word is an error and never "false".

use std::fmt;

bitflags::bitflags! {
    /// A set of actions. Bits 0–39 are built in, 40–62 are free for actions that a DBA adds, bit 63 is never used.
    #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
    pub struct Actions: u64 {
        /// Access and use.
        const READ = 1 << 0;
        /// Display in the interface.
        const PREVIEW = 1 << 1;
        /// Print.
        const PRINT = 1 << 2;
        /// Extract from the platform.
        const DOWNLOAD = 1 << 3;
        /// Include in an e-mail.
        const EMAIL = 1 << 4;
        /// Edit ordinary columns.
        const WRITE = 1 << 5;
        /// Add new elements inside.
        const ADD = 1 << 6;
        /// Manage grants.
        const SECURITY = 1 << 7;
        /// Make immutable.
        const IMMUTABLE = 1 << 8;
        /// Protect with a password.
        const PASSWORD = 1 << 9;
        /// Remove.
        const DELETE = 1 << 10;
        /// Move to another location.
        const MOVE = 1 << 11;
        /// Change the name.
        const RENAME = 1 << 12;
        /// Edit the custom id.
        const CUSTOM_ID = 1 << 13;
        /// Edit the revision.
        const REVISION = 1 << 14;
        /// Import from archives or other sources.
        const IMPORT = 1 << 15;
        /// Export to archives or other targets.
        const EXPORT = 1 << 16;
        /// Sign digitally.
        const SIGN = 1 << 17;
        /// Archive.
        const ARCHIVE = 1 << 18;
        /// Launch a workflow instance.
        const WORKFLOW = 1 << 19;
        /// Create a calendar event.
        const CALENDAR = 1 << 20;
        /// Subscribe other users.
        const SUBSCRIPTION = 1 << 21;
        /// Invoke an automation routine.
        const AUTOMATION = 1 << 22;
        /// Send a reading request.
        const READING_REQUEST = 1 << 23;
        /// Change the default store.
        const STORE = 1 << 24;
        /// The location key: forwards the decision to the other gates.
        const ENTER = 1 << 25;
        /// Approve.
        const APPROVE = 1 << 26;
        /// Complete a form.
        const COMPLETE_FORM = 1 << 27;
        /// Work on a queue.
        const WORK_QUEUE = 1 << 28;
        /// Manage environments.
        const MANAGE_ENVIRONMENTS = 1 << 32;
        /// Manage users.
        const MANAGE_USERS = 1 << 33;
        /// Manage roles and memberships.
        const MANAGE_ROLES = 1 << 34;
        /// Look at an account's usage.
        const VIEW_USAGE = 1 << 35;
        /// Manage API keys.
        const MANAGE_API_KEYS = 1 << 36;
        /// Change settings.
        const CONFIGURE = 1 << 37;
        /// Manage companies.
        const MANAGE_COMPANIES = 1 << 38;
        /// Manage clients and providers.
        const MANAGE_PARTIES = 1 << 39;

        /// What `view` grants.
        const VIEW = Self::READ.bits() | Self::PREVIEW.bits() | Self::PRINT.bits() | Self::DOWNLOAD.bits()
            | Self::EMAIL.bits() | Self::EXPORT.bits() | Self::CALENDAR.bits() | Self::SUBSCRIPTION.bits()
            | Self::READING_REQUEST.bits();
        /// What `add` grants.
        const ADDING = Self::ADD.bits() | Self::IMPORT.bits();
        /// What `edit` grants.
        const EDIT = Self::WRITE.bits() | Self::MOVE.bits() | Self::RENAME.bits() | Self::CUSTOM_ID.bits()
            | Self::REVISION.bits();
        /// What `change` grants.
        const CHANGE = Self::VIEW.bits() | Self::EDIT.bits() | Self::ADDING.bits() | Self::DELETE.bits();
        /// What `full` grants: bits 0–24.
        const FULL = (1 << 25) - 1;
        /// What `guest` grants, and the most a read-only user may do with a row.
        const GUEST = Self::READ.bits() | Self::PREVIEW.bits() | Self::PRINT.bits() | Self::DOWNLOAD.bits()
            | Self::EMAIL.bits() | Self::SUBSCRIPTION.bits();
        /// Never part of edit or change; a gate that gives write lets them through.
        const ADVANCED = Self::SECURITY.bits() | Self::IMMUTABLE.bits() | Self::PASSWORD.bits() | Self::SIGN.bits()
            | Self::ARCHIVE.bits() | Self::WORKFLOW.bits() | Self::AUTOMATION.bits() | Self::STORE.bits();
        /// What remains without read: one may put something where one may not look.
        const BLIND = Self::ADD.bits() | Self::IMPORT.bits() | Self::COMPLETE_FORM.bits();
        /// What an immutable row refuses.
        const CHANGES_IMMUTABLE = Self::EDIT.bits() | Self::DELETE.bits() | Self::PASSWORD.bits()
            | Self::SIGN.bits() | Self::IMMUTABLE.bits();
        /// Holding one of these makes a resource visible. On queues and forms neither read nor enter can be held: there
        /// it is what lets one work on it.
        const SHOWS = Self::READ.bits() | Self::ENTER.bits() | Self::WORK_QUEUE.bits() | Self::COMPLETE_FORM.bits();
        /// Asked of places and of new rows, never of a row that exists.
        const OF_PLACES = Self::ADD.bits() | Self::IMPORT.bits() | Self::EXPORT.bits() | Self::STORE.bits();
        /// Administration of an account and what hangs below it.
        const ADMINISTRATION = Self::MANAGE_ENVIRONMENTS.bits() | Self::MANAGE_USERS.bits()
            | Self::MANAGE_ROLES.bits() | Self::VIEW_USAGE.bits() | Self::MANAGE_API_KEYS.bits()
            | Self::CONFIGURE.bits() | Self::MANAGE_COMPANIES.bits() | Self::MANAGE_PARTIES.bits();
        /// Bits 40–62: what a DBA adds.
        const CUSTOM = ((1 << 63) - 1) & !((1 << 40) - 1);
        /// Every action, those added by a DBA included.
        const EVERYTHING = Self::FULL.bits() | Self::ENTER.bits() | Self::APPROVE.bits()
            | Self::COMPLETE_FORM.bits() | Self::WORK_QUEUE.bits() | Self::ADMINISTRATION.bits() | Self::CUSTOM.bits();
    }
}

/// The built-in actions with their names, in the order of their bits.
pub const BUILT_IN: [(&str, Actions); 37] = [
    ("read", Actions::READ),
    ("preview", Actions::PREVIEW),
    ("print", Actions::PRINT),
    ("download", Actions::DOWNLOAD),
    ("email", Actions::EMAIL),
    ("write", Actions::WRITE),
    ("add", Actions::ADD),
    ("security", Actions::SECURITY),
    ("immutable", Actions::IMMUTABLE),
    ("password", Actions::PASSWORD),
    ("delete", Actions::DELETE),
    ("move", Actions::MOVE),
    ("rename", Actions::RENAME),
    ("custom_id", Actions::CUSTOM_ID),
    ("revision", Actions::REVISION),
    ("import", Actions::IMPORT),
    ("export", Actions::EXPORT),
    ("sign", Actions::SIGN),
    ("archive", Actions::ARCHIVE),
    ("workflow", Actions::WORKFLOW),
    ("calendar", Actions::CALENDAR),
    ("subscription", Actions::SUBSCRIPTION),
    ("automation", Actions::AUTOMATION),
    ("reading_request", Actions::READING_REQUEST),
    ("store", Actions::STORE),
    ("enter", Actions::ENTER),
    ("approve", Actions::APPROVE),
    ("complete_form", Actions::COMPLETE_FORM),
    ("work_queue", Actions::WORK_QUEUE),
    ("manage_environments", Actions::MANAGE_ENVIRONMENTS),
    ("manage_users", Actions::MANAGE_USERS),
    ("manage_roles", Actions::MANAGE_ROLES),
    ("view_usage", Actions::VIEW_USAGE),
    ("manage_api_keys", Actions::MANAGE_API_KEYS),
    ("configure", Actions::CONFIGURE),
    ("manage_companies", Actions::MANAGE_COMPANIES),
    ("manage_parties", Actions::MANAGE_PARTIES),
];

/// Words that name a set: what they grant, and what a check of them asks.
const SETS: [(&str, Actions, Asked); 12] = [
    ("view", Actions::VIEW, Asked::All(Actions::READ)),
    ("see", Actions::VIEW, Asked::All(Actions::READ)),
    ("open", Actions::VIEW, Asked::All(Actions::READ)),
    ("add", Actions::ADDING, Asked::All(Actions::ADD)),
    ("edit", Actions::EDIT, Asked::All(Actions::WRITE)),
    ("change", Actions::CHANGE, Asked::All(Actions::WRITE)),
    ("full", Actions::FULL, Asked::Applicable(Actions::FULL)),
    ("guest", Actions::GUEST, Asked::All(Actions::READ)),
    ("access", Actions::ENTER, Asked::All(Actions::ENTER)),
    ("enter", Actions::ENTER, Asked::All(Actions::ENTER)),
    ("delete", Actions::DELETE, Asked::All(Actions::DELETE)),
    ("read", Actions::READ, Asked::All(Actions::READ)),
];

/// The names under which an action that a DBA adds may not go: sets and built-in actions.
pub fn is_reserved_word(word: &str) -> bool {
    SETS.iter().any(|(name, ..)| *name == word) || BUILT_IN.iter().any(|(name, _)| *name == word)
}

/// What a check of a word asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Asked {
    /// All of these.
    All(Actions),
    /// All of these that apply to what is asked about.
    Applicable(Actions),
}

/// An action added by a DBA: its name and its bit (40–62).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomAction {
    /// The normalized name.
    pub name: String,
    /// The action.
    pub action: Actions,
}

/// A word that names no action and no set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownWord(pub String);

impl fmt::Display for UnknownWord {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "unknown action \"{}\"", self.0)
    }
}

impl std::error::Error for UnknownWord {}

/// Brings a word into the form in which words are compared: trimmed, lower case, blanks and hyphens as underscores.
pub fn normalize_word(word: &str) -> String {
    word.trim()
        .chars()
        .map(|c| if c == '-' || c.is_whitespace() { '_' } else { c })
        .flat_map(char::to_lowercase)
        .collect()
}

/// One word of a grant: what it grants, and whether it is a set (a set leaves out what does not apply,
/// a single action that does not apply is an error).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct GrantWord {
    /// The actions it grants.
    pub actions: Actions,
    /// Whether it names a set.
    pub is_set: bool,
}

/// What a list of words grants, word by word. Blank text is the empty list.
pub fn granted_by(words: &str, custom: &[CustomAction]) -> Result<Vec<GrantWord>, UnknownWord> {
    split(words)
        .map(|word| {
            let word = normalize_word(word);
            if let Some((name, actions, _)) = SETS.iter().find(|(name, ..)| *name == word) {
                let is_set = !matches!(*name, "add" | "enter" | "access" | "delete" | "read");
                return Ok(GrantWord { actions: *actions, is_set });
            }
            single(&word, custom).map(|actions| GrantWord { actions, is_set: false })
        })
        .collect()
}

/// What a check of a list of words asks, given what applies to what is asked about: all of them.
/// Blank text is an unknown word: asking nothing must not be answered with yes.
pub fn asked_by(words: &str, applicable: Actions, custom: &[CustomAction]) -> Result<Actions, UnknownWord> {
    let mut asked = Actions::empty();
    for word in split(words) {
        let word = normalize_word(word);
        asked |= match SETS.iter().find(|(name, ..)| *name == word) {
            Some((_, _, Asked::All(actions))) => *actions,
            Some((_, _, Asked::Applicable(actions))) => *actions & applicable,
            None => single(&word, custom)?,
        };
    }
    if asked.is_empty() { Err(UnknownWord(words.trim().to_owned())) } else { Ok(asked) }
}

/// The names of the actions in a set, in the order of their bits.
pub fn names(actions: Actions, custom: &[CustomAction]) -> Vec<String> {
    let built_in = BUILT_IN.iter().filter(|(_, action)| actions.contains(*action)).map(|(name, _)| (*name).to_owned());
    let mut added: Vec<&CustomAction> = custom.iter().filter(|c| actions.contains(c.action)).collect();
    added.sort_by_key(|c| c.action);
    built_in.chain(added.into_iter().map(|c| c.name.clone())).collect()
}

/// A set of actions as the shortest list of words that grants it: sets where they are whole, names for the rest.
pub fn words(actions: Actions, custom: &[CustomAction]) -> String {
    const WHOLE: [(&str, Actions); 6] = [
        ("full", Actions::FULL),
        ("change", Actions::CHANGE),
        ("view", Actions::VIEW),
        ("guest", Actions::GUEST),
        ("edit", Actions::EDIT),
        ("add", Actions::ADDING),
    ];
    let mut rest = actions;
    let mut out = Vec::new();
    for (name, set) in WHOLE {
        if rest.contains(set) {
            out.push(name.to_owned());
            rest = rest.difference(set);
        }
    }
    out.extend(names(rest, custom));
    out.join(", ")
}

fn split(words: &str) -> impl Iterator<Item = &str> {
    let blank = words.trim().is_empty();
    words.split(',').filter(move |_| !blank)
}

fn single(word: &str, custom: &[CustomAction]) -> Result<Actions, UnknownWord> {
    BUILT_IN
        .iter()
        .find(|(name, _)| *name == word)
        .map(|(_, action)| *action)
        .or_else(|| custom.iter().find(|c| c.name == word).map(|c| c.action))
        .ok_or_else(|| UnknownWord(word.to_owned()))
}
