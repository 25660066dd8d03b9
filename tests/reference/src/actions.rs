//! The table of actions, the table of words, and what may be granted on which kind.

use std::sync::LazyLock;

/// One bit as a mask.
const fn bit(n: u32) -> u64 {
    1 << n
}

/// The table "Actions": bit and name. 29–31 are reserved, 40–62 are for actions that a DBA adds, 63 never.
pub const NAMES: [(u32, &str); 37] = [
    (0, "read"),
    (1, "preview"),
    (2, "print"),
    (3, "download"),
    (4, "email"),
    (5, "write"),
    (6, "add"),
    (7, "security"),
    (8, "immutable"),
    (9, "password"),
    (10, "delete"),
    (11, "move"),
    (12, "rename"),
    (13, "custom_id"),
    (14, "revision"),
    (15, "import"),
    (16, "export"),
    (17, "sign"),
    (18, "archive"),
    (19, "workflow"),
    (20, "calendar"),
    (21, "subscription"),
    (22, "automation"),
    (23, "reading_request"),
    (24, "store"),
    (25, "enter"),
    (26, "approve"),
    (27, "complete_form"),
    (28, "work_queue"),
    (32, "manage_environments"),
    (33, "manage_users"),
    (34, "manage_roles"),
    (35, "view_usage"),
    (36, "manage_api_keys"),
    (37, "configure"),
    (38, "manage_companies"),
    (39, "manage_parties"),
];

pub const READ: u64 = bit(0);
pub const WRITE: u64 = bit(5);
pub const ADD: u64 = bit(6);
pub const SECURITY: u64 = bit(7);
pub const IMMUTABLE: u64 = bit(8);
pub const PASSWORD: u64 = bit(9);
pub const DELETE: u64 = bit(10);
pub const MOVE: u64 = bit(11);
pub const RENAME: u64 = bit(12);
pub const IMPORT: u64 = bit(15);
pub const EXPORT: u64 = bit(16);
pub const SIGN: u64 = bit(17);
pub const STORE: u64 = bit(24);
pub const ENTER: u64 = bit(25);
pub const APPROVE: u64 = bit(26);
pub const COMPLETE_FORM: u64 = bit(27);
pub const WORK_QUEUE: u64 = bit(28);

/// The bits of these names, blank-separated. For the constants below and for tests.
pub fn named(names: &str) -> u64 {
    names
        .split_whitespace()
        .map(|name| {
            let found = NAMES.iter().find(|(_, known)| *known == name);
            bit(found.unwrap_or_else(|| panic!("no action {name}")).0)
        })
        .fold(0, |all, one| all | one)
}

/// What can be done to rows, new ones included: what the words of a limit may say.
pub fn of_rows() -> u64 {
    full() | APPROVE | COMPLETE_FORM | custom()
}

/// "VIEW = read preview print download email export calendar subscription reading_request"
pub fn view() -> u64 {
    static BITS: LazyLock<u64> =
        LazyLock::new(|| named("read preview print download email export calendar subscription reading_request"));
    *BITS
}

/// "ADD = add import"
pub fn adding() -> u64 {
    static BITS: LazyLock<u64> = LazyLock::new(|| named("add import"));
    *BITS
}

/// "EDIT = write move rename custom_id revision"
pub fn edit() -> u64 {
    static BITS: LazyLock<u64> = LazyLock::new(|| named("write move rename custom_id revision"));
    *BITS
}

/// "CHANGE = VIEW EDIT ADD delete"
pub fn change() -> u64 {
    static BITS: LazyLock<u64> = LazyLock::new(|| view() | edit() | adding() | DELETE);
    *BITS
}

/// "full: bits 0–24"
pub fn full() -> u64 {
    static BITS: LazyLock<u64> = LazyLock::new(|| (0..=24).fold(0, |all, n| all | bit(n)));
    *BITS
}

/// "GUEST = read preview print download email subscription"
pub fn guest() -> u64 {
    static BITS: LazyLock<u64> = LazyLock::new(|| named("read preview print download email subscription"));
    *BITS
}

/// "ADVANCED = security immutable password sign archive workflow automation store: never part of edit or change."
pub fn advanced() -> u64 {
    static BITS: LazyLock<u64> =
        LazyLock::new(|| named("security immutable password sign archive workflow automation store"));
    *BITS
}

/// "Asked about a *row*, add, import, export, store are false (admin, system aside)"
pub fn of_places() -> u64 {
    ADD | IMPORT | EXPORT | STORE
}

/// "40–62 for actions that a DBA adds"
pub fn custom() -> u64 {
    static BITS: LazyLock<u64> = LazyLock::new(|| (40..=62).fold(0, |all, n| all | bit(n)));
    *BITS
}

/// Everything: each action there is and each that a DBA may add.
pub fn everything() -> u64 {
    static BITS: LazyLock<u64> = LazyLock::new(|| NAMES.iter().fold(custom(), |all, (n, _)| all | bit(*n)));
    *BITS
}

/// "Words are case-insensitive; blanks and hyphens count as underscores"
fn word(text: &str) -> String {
    let mut out = String::new();
    for c in text.trim().chars() {
        if c.is_whitespace() || c == '-' {
            out.push('_');
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// What one word grants. "only `add` in a grant or revoke also takes import"; "an unknown word is 22023, never
/// 'false'": `None`.
fn word_grants(text: &str, added: &[(String, u32)]) -> Option<u64> {
    Some(match word(text).as_str() {
        "view" | "see" | "open" => view(),
        "add" => adding(),
        "edit" => edit(),
        "change" => change(),
        "full" => full(),
        "guest" => guest(),
        "access" => ENTER,
        name => single(name, added)?,
    })
}

/// What a check of one word asks, where `applicable` applies to what is asked about.
fn word_asks(text: &str, applicable: u64, added: &[(String, u32)]) -> Option<u64> {
    Some(match word(text).as_str() {
        "view" | "see" | "open" | "guest" => READ,
        "edit" | "change" => WRITE,
        "full" => full() & applicable,
        "access" => ENTER,
        name => single(name, added)?,
    })
}

/// "A single action's name means its one bit, in grants, revokes and checks"
fn single(name: &str, added: &[(String, u32)]) -> Option<u64> {
    let built_in = NAMES.iter().find(|(_, known)| *known == name).map(|(n, _)| bit(*n));
    built_in.or_else(|| added.iter().find(|(known, _)| known == name).map(|(_, n)| bit(*n)))
}

/// "Several words, separated by commas: a grant of all"
pub fn granted_by(words: &str, added: &[(String, u32)]) -> Option<u64> {
    let mut all = 0;
    for one in words.split(',') {
        all |= word_grants(one, added)?;
    }
    Some(all)
}

/// "Several words, separated by commas: […] a check of all." A check that asks nothing is no check.
pub fn asked_by(words: &str, applicable: u64, added: &[(String, u32)]) -> Option<u64> {
    let mut all = 0;
    for one in words.split(',') {
        all |= word_asks(one, applicable, added)?;
    }
    Some(all).filter(|asked| *asked != 0)
}

/// Whether a word names a set, which leaves its inapplicable bits out, and not an action, which must apply.
/// (`add`, which in a grant takes import along, is the name of an action.)
pub fn is_set(text: &str) -> bool {
    matches!(word(text).as_str(), "view" | "see" | "open" | "edit" | "change" | "full" | "guest")
}

/// What may be granted on a kind, by the paragraph "Applicability", sentence by sentence.
pub fn applicable(kind: &str) -> u64 {
    // "40–62 for actions that a DBA adds (…, applicable everywhere)"
    let mut bits = custom();
    // "bits 0–24 may be granted on every kind of the five gates (they speak of the rows that the resource
    // reaches), except add, import, export, store on a document". A kind that a DBA adds gates rows as well.
    if !matches!(kind, "queue" | "form") {
        bits |= full();
    }
    if kind == "document" {
        bits &= !of_places();
    }
    // "enter on locations and documents"
    if matches!(kind, "location" | "document") {
        bits |= ENTER;
    }
    // "approve on environments, types, locations"
    if matches!(kind, "environment" | "document_type" | "location") {
        bits |= APPROVE;
    }
    // "complete_form on forms; work_queue on queues"
    if kind == "form" {
        bits |= COMPLETE_FORM;
    }
    if kind == "queue" {
        bits |= WORK_QUEUE;
    }
    // "32–35 on the account, 36–38 on account and environment, 39 on those and the company"
    if kind == "account" {
        bits |= named("manage_environments manage_users manage_roles view_usage");
    }
    if matches!(kind, "account" | "environment") {
        bits |= named("manage_api_keys configure manage_companies");
    }
    if matches!(kind, "account" | "environment" | "company") {
        bits |= named("manage_parties");
    }
    bits
}

/// The names of the built-in actions in a mask, in the order of their bits.
pub fn names_of(mask: u64) -> Vec<&'static str> {
    NAMES.iter().filter(|(n, _)| mask & bit(*n) != 0).map(|(_, name)| *name).collect()
}
