//! The answers, whatever the signature of the question.

use docacl_core::action::{self, CustomAction};
use docacl_core::verdict::Verdict;
use docacl_core::{Actions, SubjectKind, kind as core_kind};
use pgrx::pg_sys;

use crate::admin::asker::{Asker, named_account, unknown_account};
use crate::admin::words::unknown_word;
use crate::error::{self, Result};
use crate::facts::{self, Resource};
use crate::protect::target::{self, Target};
use crate::scan::Snap;
use crate::{freshness, identity, lookup};

/// About whom.
#[derive(Clone, Copy)]
pub enum Who<'a> {
    /// The session's user.
    Me,
    /// A principal, as it was written.
    Other(&'a str),
}

/// What was asked about, and what may be done on it.
pub struct On {
    pub verdict: Verdict,
    /// None: a row.
    pub resource: Option<Resource>,
}

/// A question being answered.
pub struct Question {
    pub snap: Snap,
    /// Who is asked about; none: nobody.
    pub principal: Option<i64>,
    /// Whether the asker is told of what he may not see.
    pub told: bool,
    /// Who is asking.
    asker: Option<i64>,
    /// The database role is trusted, and asks about somebody else than the user whom it speaks for.
    trusted: bool,
    account: i64,
    /// A superuser or system: above accounts.
    above: bool,
}

impl On {
    fn row(verdict: Verdict) -> On {
        On { verdict, resource: None }
    }
}

impl Question {
    /// Finds out who is asked about, and whether the asker may ask.
    pub fn about(who: Who<'_>) -> Result<Question> {
        let snap = Snap::statement();
        let me = freshness::session_principal(&snap)?;
        // SAFETY: a plain question about the current user.
        let superuser = unsafe { pg_sys::superuser() };
        let ring = match me {
            Some(id) => Some(freshness::ring(id, &snap)?),
            None => None,
        };
        let above = superuser || ring.as_ref().is_some_and(|r| r.subject.kind == SubjectKind::System);
        let account = match ring.as_ref().and_then(|r| r.account) {
            Some(account) => account,
            None => named_account(above, &snap)?.map_err(|name| unknown_account(&name))?,
        };
        let admin = ring.as_ref().is_some_and(|r| r.subject.admin && r.subject.kind != SubjectKind::Nobody);
        let trusted = identity::is_trusted(&snap)?;
        let principal = match who {
            Who::Me => me,
            Who::Other(text) => {
                let found = find(account, text, above, &snap)?;
                let myself = found.is_some() && found == me;
                if !(above || admin || myself || trusted || administers_people(&snap)?) {
                    return Err(refused());
                }
                Some(found.ok_or_else(|| error::unknown("principal", text))?)
            }
        };
        Ok(Question {
            told: above || admin,
            above,
            snap,
            principal,
            asker: me,
            account,
            trusted: trusted && !(principal.is_some() && principal == me),
        })
    }

    /// A question about everybody: refused to whoever may not ask about others.
    pub fn about_everybody() -> Result<Question> {
        match Question::about_whom_one_may()? {
            (question, true) => Ok(question),
            _ => Err(refused()),
        }
    }

    /// A question about all whom one may ask about, and whether that is everybody.
    pub fn about_whom_one_may() -> Result<(Question, bool)> {
        let mut question = Question::about(Who::Me)?;
        question.trusted = identity::is_trusted(&question.snap)?;
        let everybody = question.told || question.trusted || administers_people(&question.snap)?;
        Ok((question, everybody))
    }

    /// Whether the asker is told of a row that the principal may not read. A trusted role may be anybody anyway; an
    /// admin reads the rows of his account, and of another account's he learns not even that they are there.
    pub fn may_know_of(&self, target: &Target, key: &str) -> Result<bool> {
        if self.above || self.trusted {
            return Ok(true);
        }
        let Some(id) = self.asker else { return Ok(false) };
        let verdict = target.verdict(&freshness::ring(id, &self.snap)?, key, &self.snap)?;
        Ok(verdict.is_some_and(|v| v.actions.contains(Actions::READ)))
    }

    /// The account in which names are looked up.
    pub fn account(&self) -> i64 {
        self.account
    }

    /// Whether the asker may ask about rows of an account.
    pub fn reaches(&self, account: i64) -> bool {
        self.above || self.account == account
    }

    fn ring(&self) -> Result<Option<std::rc::Rc<crate::ring::Ring>>> {
        self.principal.map(|id| freshness::ring(id, &self.snap)).transpose()
    }

    /// What the principal may do with the row of a protected table; `None` where there is no such row.
    pub fn row(&self, target: &Target, key: &str) -> Result<Option<Verdict>> {
        match self.ring()? {
            Some(ring) => Ok(target.verdict(&ring, key, &self.snap)?.map(Verdict::of_existing)),
            None => Ok(None),
        }
    }

    /// What the principal may do on a resource itself; `None` where there is none that the asker may know of.
    /// With the kind, whose actions apply.
    pub fn on(&self, kind: &str, written: &str) -> Result<(String, Option<On>)> {
        let name = core_kind::normalize(kind);
        if facts::kind(&name, &self.snap)?.is_none() {
            return Err(error::unknown_hint("kind", kind, "See docacl.kind for the kinds there are."));
        }
        if name == "document" {
            return Ok((name, self.row(&*target::default()?, written)?.map(On::row)));
        }
        let (exact, by_path) = if name == "account" {
            (facts::account_named(written, &self.snap)?.into_iter().collect(), vec![])
        } else {
            (
                facts::resources_named(self.account, &name, written, &self.snap)?,
                lookup::at_path(self.account, &name, written, &self.snap)?,
            )
        };
        let verdict = self.one(&name, written, [exact, by_path])?;
        Ok((name, verdict))
    }

    /// The same for a resource by id.
    pub fn on_id(&self, kind: &str, id: i64) -> Result<(String, Option<On>)> {
        let name = core_kind::normalize(kind);
        if facts::kind(&name, &self.snap)?.is_none() {
            return Err(error::unknown_hint("kind", kind, "See docacl.kind for the kinds there are."));
        }
        if name == "document" {
            return Ok((name, self.row(&*target::default()?, &id.to_string())?.map(On::row)));
        }
        let found = facts::resource(id, &self.snap)?.into_iter().filter(|r| r.kind == name).collect();
        let verdict = self.one(&name, &id.to_string(), [found, vec![]])?;
        Ok((name, verdict))
    }

    /// The verdict on the one resource that is meant: among those that bear the name, else among those at the path.
    fn one(&self, kind: &str, written: &str, candidates: [Vec<Resource>; 2]) -> Result<Option<On>> {
        for found in candidates {
            let mut open = Vec::new();
            // What is of another account does not exist, for whoever is not above accounts.
            for resource in found.iter().filter(|r| self.above || r.account == self.account) {
                let verdict = match self.principal {
                    Some(principal) => Some(crate::decide::on_resource(principal, resource, &self.snap)?),
                    None => None,
                };
                // Not told of what he may not see: that something else bears the name must change no answer.
                if self.told || verdict.is_some_and(|v| !v.actions.is_empty()) {
                    open.push(verdict.map(|verdict| On { verdict, resource: Some(resource.clone()) }));
                }
            }
            match open.len() {
                0 => {}
                1 => return Ok(open.pop().flatten()),
                _ if self.told => return Err(error::ambiguous(kind, written)),
                _ => return Ok(None),
            }
        }
        if self.told { Err(error::unknown(kind, written)) } else { Ok(None) }
    }

    /// Whether the asker is shown the name of a resource.
    pub fn shows(&self, resource: &Resource) -> Result<bool> {
        if self.above {
            return Ok(true);
        }
        if resource.account != self.account {
            return Ok(false);
        }
        match self.asker {
            _ if self.told || self.trusted => Ok(true),
            Some(id) => {
                let verdict = crate::decide::on_resource(id, resource, &self.snap)?;
                Ok(verdict.actions.intersects(Actions::SHOWS))
            }
            None => Ok(false),
        }
    }

    /// The path of a resource, as far as the asker is shown it.
    pub fn path(&self, resource: &Resource) -> Result<String> {
        lookup::path_with(resource, &self.snap, |above| self.shows(above))
    }

    /// What a list of words asks.
    pub fn asked(&self, words: &str, applicable: Actions) -> Result<Actions> {
        asked(words, applicable, &self.snap)
    }

    /// The actions that a DBA added.
    pub fn custom(&self) -> Result<Vec<CustomAction>> {
        facts::custom_actions(&self.snap)
    }
}

/// What a list of words asks.
pub fn asked(words: &str, applicable: Actions, snap: &Snap) -> Result<Actions> {
    // The words of a DBA are read only where a word is not built in.
    match action::asked_by(words, applicable, &[]) {
        Ok(actions) => Ok(actions),
        Err(_) => {
            let custom = facts::custom_actions(snap)?;
            action::asked_by(words, applicable, &custom).map_err(|e| unknown_word(&e, &custom))
        }
    }
}

fn refused() -> pgrx::pg_sys::panic::ErrorReport {
    error::denied(
        "permission denied to ask about another principal",
        "Ask about yourself, or have manage_users granted, or the database role trusted with acl_trust.",
    )
}

/// The id of a principal as it was written. `system` has no account: asking about it would tell of all of them.
fn find(account: i64, text: &str, above: bool, snap: &Snap) -> Result<Option<i64>> {
    if text == "system" && above {
        return Ok(Some(facts::SYSTEM));
    }
    Ok(lookup::principal_in(account, text, snap)?.map(|p| p.id))
}

fn administers_people(snap: &Snap) -> Result<bool> {
    if freshness::session_principal(snap)?.is_none() {
        return Ok(false);
    }
    let asker = Asker::now()?;
    Ok(asker.holds_on_account(Actions::MANAGE_USERS)? || asker.holds_on_account(Actions::MANAGE_ROLES)?)
}
