//! Rows that are decided by another table's row: a line by its document, a page by its content.

use crate::action::Actions;
use crate::verdict::{Rule, Verdict};

/// What each command asks of the parent's row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asked {
    /// SELECT.
    pub select: Actions,
    /// INSERT.
    pub insert: Actions,
    /// UPDATE.
    pub update: Actions,
    /// DELETE.
    pub delete: Actions,
}

impl Default for Asked {
    fn default() -> Self {
        Asked { select: Actions::READ, insert: Actions::WRITE, update: Actions::WRITE, delete: Actions::WRITE }
    }
}

impl Asked {
    /// What a question about a row asks of its parent's row: the inverse of [`Asked::of_row`].
    #[inline]
    pub const fn of_parent(&self, asked: Actions) -> Actions {
        let mut out = asked.difference(Actions::READ).difference(Actions::WRITE).difference(Actions::DELETE);
        if asked.contains(Actions::READ) {
            out = out.union(self.select);
        }
        if asked.contains(Actions::WRITE) {
            out = out.union(self.update);
        }
        if asked.contains(Actions::DELETE) {
            out = out.union(self.delete);
        }
        out
    }

    /// What may be done with a row, given what may be done with its parent's row: read, write and delete as the
    /// commands ask, every other action as the parent's row has it. Nothing is added to a row that exists, so add
    /// and its like are the parent's business alone (a new row asks `insert`).
    #[inline]
    pub const fn of_row(&self, parent: Actions) -> Actions {
        let mut out = parent.difference(Actions::READ).difference(Actions::WRITE).difference(Actions::DELETE);
        if parent.contains(self.select) {
            out = out.union(Actions::READ);
        }
        if parent.contains(self.update) {
            out = out.union(Actions::WRITE);
        }
        if parent.contains(self.delete) {
            out = out.union(Actions::DELETE);
        }
        out
    }
}

/// The verdict about a row: its parent's, and its own gates' where it has any, both.
#[inline]
pub const fn below(own: Option<Verdict>, parent: Verdict, asked: &Asked) -> Verdict {
    let through = asked.of_row(parent.actions);
    match own {
        None => Verdict { actions: through, rule: parent.rule, because: parent.because },
        Some(own) => {
            let rule = if matches!(own.rule, Rule::Admin | Rule::System) { parent.rule } else { own.rule };
            Verdict { actions: own.actions.intersection(through), rule, because: own.because }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Because;

    fn verdict(actions: Actions, rule: Rule) -> Verdict {
        Verdict { actions, rule, because: Because::empty() }
    }

    #[test]
    fn a_row_without_gates_asks_its_parent_alone() {
        let asked = Asked { select: Actions::DOWNLOAD, ..Asked::default() };
        let parent = verdict(Actions::READ | Actions::SIGN, Rule::Gates);
        assert_eq!(below(None, parent, &asked).actions, Actions::SIGN);
        let parent = verdict(Actions::DOWNLOAD | Actions::WRITE, Rule::Gates);
        let allowed = Actions::DOWNLOAD | Actions::READ | Actions::WRITE | Actions::DELETE;
        assert_eq!(below(None, parent, &asked).actions, allowed);
    }

    #[test]
    fn what_is_asked_of_the_parent_is_what_opens_the_row() {
        let asked = Asked { select: Actions::DOWNLOAD, delete: Actions::SIGN, ..Asked::default() };
        for question in [Actions::READ, Actions::WRITE, Actions::DELETE, Actions::SIGN, Actions::READ | Actions::MOVE] {
            for held in (0..20).map(|n| Actions::from_bits_retain(1 << n)).chain([asked.of_parent(question)]) {
                let opens = asked.of_row(held).contains(question);
                assert_eq!(opens, held.contains(asked.of_parent(question)), "{question:?} of {held:?}");
            }
        }
    }

    #[test]
    fn delete_of_the_parent_is_not_delete_of_the_row() {
        let parent = verdict(Actions::READ | Actions::DELETE, Rule::Gates);
        assert_eq!(below(None, parent, &Asked::default()).actions, Actions::READ);
    }

    #[test]
    fn own_gates_must_open_too() {
        let own = verdict(Actions::READ, Rule::Gates);
        let parent = verdict(Actions::EVERYTHING, Rule::Admin);
        let both = below(Some(own), parent, &Asked::default());
        assert_eq!((both.actions, both.rule), (Actions::READ, Rule::Gates));
        let closed = below(Some(parent), verdict(Actions::empty(), Rule::Gates), &Asked::default());
        assert_eq!((closed.actions, closed.rule), (Actions::empty(), Rule::Gates));
    }
}
