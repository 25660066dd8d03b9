//! What SQL asks: the judgement of INSERT, UPDATE and DELETE, and how it shows.

use crate::actions::{ADD, DELETE, MOVE, READ, WRITE};
use crate::world::{PrincipalId, Row, World};

/// How the answer shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// "passed over as in plain row security: 0 rows, no error"
    PassedOver,
    /// 42501
    Refused,
    Done,
}

/// What an UPDATE changes. "A column counts as updated when its value changes …: gate, owner, requester, flag and
/// mapped columns however they changed; other columns only when the statement itself names them".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Changed {
    /// An ordinary column.
    pub ordinary: bool,
    /// The actions of the mapped columns and flags that change.
    pub mapped: u64,
    /// Immutable goes back.
    pub immutable_cleared: bool,
    pub location: bool,
    /// "another gate's reference"
    pub other_gate: bool,
    /// "key, owner, requester"
    pub identity: bool,
}

/// What an INSERT says of columns that are mapped to actions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Set {
    /// The actions of the flags and mapped columns that are set to something else than their default.
    pub mapped: u64,
    /// The statement reads the new row (RETURNING).
    pub reads: bool,
}

impl World {
    /// "A new row is judged as if immutable and deleted were off."
    fn as_new(row: &Row) -> Row {
        Row { immutable: false, deleted: false, ..row.clone() }
    }

    /// "owner becomes the current user whatever the statement said; requester: null stays null, any value becomes
    /// the current user (admin, system: both as said)"
    pub fn as_inserted(&self, u: Option<PrincipalId>, row: &Row) -> Row {
        if self.may(u, row).unbound {
            return row.clone();
        }
        Row { owner: u, requester: row.requester.and(u), ..row.clone() }
    }

    /// INSERT: "add, judged on the new row; …; flags and mapped columns unset (default) or their action held";
    /// "every refused INSERT raise[s] 42501".
    pub fn insert(&self, u: Option<PrincipalId>, row: &Row, set: Set) -> Outcome {
        let row = self.as_inserted(u, row);
        let held = self.may(u, &World::as_new(&row)).actions;
        // "PostgreSQL itself wants read on the new row as soon as the statement reads a column or says RETURNING."
        let readable = !set.reads || self.may(u, &row).actions & READ != 0;
        if held & ADD != 0 && set.mapped & !held == 0 && readable { Outcome::Done } else { Outcome::Refused }
    }

    /// UPDATE of one row by a statement that reads a column of it. `askable`: every action "that an UPDATE of this
    /// table can ask".
    pub fn update(&self, u: Option<PrincipalId>, old: &Row, new: &Row, changed: Changed, askable: u64) -> Outcome {
        let before = self.may(u, old);
        // "that action alone on the old row": where a column asks store, the row is a place, of which store is asked.
        let held = before.of_existing() | (before.actions & askable);
        // "A row on which one holds no action that an UPDATE of this table can ask … is passed over …, visible or not"
        if held & askable == 0 || held & READ == 0 {
            return Outcome::PassedOver;
        }
        // "UPDATE of an ordinary column: write on the old row"; "of a column mapped to an action: that action alone on
        // the old row"; "of the location: move on the old row"; "of another gate's reference: write on the old row"
        let mut asked = changed.mapped;
        if changed.ordinary || changed.other_gate {
            asked |= WRITE;
        }
        if changed.location {
            asked |= MOVE;
        }
        if asked & !held != 0 {
            return Outcome::Refused;
        }
        // "immutable never goes back but by admin or system"; "UPDATE of key, owner, requester: system or admin"
        if (changed.immutable_cleared || changed.identity) && !before.unbound {
            return Outcome::Refused;
        }
        // "add on the new row with its new location standing in the place gate"; "and add on the new one"
        if changed.location || changed.other_gate {
            let mut judged = World::as_new(new);
            if changed.location {
                judged.own_list = None;
            }
            if self.may(u, &judged).actions & ADD == 0 {
                return Outcome::Refused;
            }
        }
        // "PostgreSQL itself wants read on the new row as soon as the statement reads a column"
        if self.may(u, new).actions & READ == 0 {
            return Outcome::Refused;
        }
        Outcome::Done
    }

    /// DELETE of one row by a statement that reads a column of it; "where the table has a deletion column a row is
    /// removed for good only by admin or system: others get 42501 with the hint to mark it".
    pub fn delete(&self, u: Option<PrincipalId>, row: &Row, has_deletion_column: bool) -> Outcome {
        let verdict = self.may(u, row);
        let held = verdict.of_existing();
        // "(for DELETE: no delete)"
        if held & DELETE == 0 || held & READ == 0 {
            Outcome::PassedOver
        } else if has_deletion_column && !verdict.unbound {
            Outcome::Refused
        } else {
            Outcome::Done
        }
    }
}
