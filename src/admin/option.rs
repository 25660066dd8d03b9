//! Options of an account: choices that docacl itself follows. (What an application chooses for itself are settings.)

use docacl_core::{Actions, action};
use pgrx::prelude::*;

use super::address::given;
use super::asker::Asker;
use super::write;
use crate::error::{self, Result};
use crate::facts;
use crate::scan::Snap;

/// An option: its name, and its values, the first of which holds where nothing was chosen.
struct Choice {
    name: &'static str,
    values: &'static [&'static str],
}

/// What whoever creates a project gets: change on it, or on all projects there are and will be.
const PROJECT_CREATOR: Choice = Choice { name: "project_creator", values: &["own", "all"] };

const CHOICES: [Choice; 1] = [PROJECT_CREATOR];

#[pg_extern]
fn acl_set_account_option(name: Option<&str>, value: Option<&str>) -> Result<()> {
    let (name, value) = (given("name", name)?, given("value", value)?);
    let asker = Asker::somebody()?;
    asker.require_on_account(Actions::CONFIGURE, "set options of the account")?;
    // An option says who gets grants on a *: that takes what granting on it takes.
    asker.require_on_account(Actions::MANAGE_ROLES, "set options of the account")?;
    let (word, chosen) = (action::normalize_word(name), action::normalize_word(value));
    let Some(choice) = CHOICES.iter().find(|c| c.name == word) else {
        let names = CHOICES.map(|c| c.name).join(", ");
        return Err(error::bad(format!("unknown option \"{name}\""), format!("Options are: {names}.")));
    };
    let Some(chosen) = choice.values.iter().find(|v| **v == chosen) else {
        return Err(error::bad(
            format!("unknown value \"{value}\" of option {}", choice.name),
            format!("Values are: {}.", choice.values.join(", ")),
        ));
    };
    write::run(
        "INSERT INTO docacl.account_option (account_id, name, value, set_by) VALUES ($1, $2, $3, $4)
         ON CONFLICT (account_id, name) DO UPDATE SET value = excluded.value, set_by = excluded.set_by, set_at = excluded.set_at",
        &[asker.account()?.into(), choice.name.into(), (*chosen).into(), asker.id().into()],
    )
    .map(drop)
}

/// Whether whoever creates a project gets all projects of the account.
pub fn creators_get_all_projects(account: i64, snap: &Snap) -> Result<bool> {
    Ok(facts::account_option(account, PROJECT_CREATOR.name, snap)?.as_deref() == Some("all"))
}
