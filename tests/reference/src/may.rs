//! What a principal holds for a resource, and what it may do with one row.

use std::collections::BTreeSet;

use crate::actions::{self, COMPLETE_FORM, ENTER, READ, WRITE};
use crate::world::{AccountId, Family, Gate, PrincipalId, PrincipalKind, Reference, ResourceId, Row, World};

/// The answer of [`World::may`] for one principal and one row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Verdict {
    /// Every action that is allowed, those of places included, which are asked of new rows.
    pub actions: u64,
    /// It is everything because the asker is system or admin here, whom no restriction of rows binds.
    pub unbound: bool,
}

impl Verdict {
    /// What may be done with a row that exists: "Asked about a *row*, add, import, export, store are false
    /// (admin, system aside): they are asked of places and of new rows."
    pub fn of_existing(&self) -> u64 {
        if self.unbound { self.actions } else { self.actions & !actions::of_places() }
    }

    fn nothing() -> Verdict {
        Verdict::default()
    }

    fn everything() -> Verdict {
        Verdict { actions: actions::everything(), unbound: true }
    }
}

/// How one gate of a row stands, before anybody's grants are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Standing {
    /// "A reference that is absent is neutral"
    Neutral,
    Engaged(ResourceId),
    /// "A reference that resolves to no resource closes the row for all but system."
    Dangling,
    /// "another entered: closed"
    Closed,
}

impl World {
    /// Not "unknown, disabled or expired".
    pub fn is_active(&self, u: PrincipalId) -> bool {
        let principal = &self.principals[u];
        principal.enabled && principal.valid_until.is_none_or(|until| self.now < until)
    }

    fn is_user(&self, u: PrincipalId) -> bool {
        self.principals[u].kind == PrincipalKind::User
    }

    /// "principals(u) = u, its roles transitively (memberships valid now, roles enabled), `everyone`";
    /// "`everyone` (… every enabled user of the account belongs to …; API keys do not)".
    pub fn principals(&self, u: PrincipalId) -> BTreeSet<PrincipalId> {
        let mut all = BTreeSet::from([u]);
        let mut to_visit = vec![u];
        while let Some(member) = to_visit.pop() {
            for membership in self.memberships.iter().filter(|m| m.member == member) {
                let role_counts = membership.period.contains(self.now) && self.principals[membership.role].enabled;
                if role_counts && all.insert(membership.role) {
                    to_visit.push(membership.role);
                }
            }
        }
        if let (true, Some(account)) = (self.is_user(u), self.principals[u].account) {
            all.insert(self.accounts[account].everyone);
        }
        all
    }

    /// "OR of the actions of the grants valid now of principals(u) on r"
    fn granted(&self, holders: &BTreeSet<PrincipalId>, r: ResourceId) -> u64 {
        self.grants
            .iter()
            .filter(|grant| grant.resource == r && holders.contains(&grant.principal))
            .filter(|grant| grant.period.contains(self.now))
            .fold(0, |all, grant| all | grant.actions)
    }

    /// "mask(u, r) = OR of the actions of the grants valid now of principals(u) on r
    ///  OR (r.inherits and r has a parent ? mask(u, parent) : nothing)
    ///  OR the same of the kind's `*` (not for a document)"
    pub fn mask(&self, u: PrincipalId, r: ResourceId) -> u64 {
        self.mask_of(&self.principals(u), r)
    }

    fn mask_of(&self, holders: &BTreeSet<PrincipalId>, r: ResourceId) -> u64 {
        let resource = &self.resources[r];
        let mut mask = self.granted(holders, r);
        if let (true, Some(parent)) = (resource.inherits, resource.parent) {
            mask |= self.mask_of(holders, parent);
        }
        if let Some(star) = self.star_of(resource.kind, resource.account) {
            mask |= self.granted(holders, star);
        }
        mask
    }

    /// "the admin role of … account is among principals(u)"
    pub fn is_admin(&self, u: PrincipalId, account: AccountId) -> bool {
        self.principals(u).contains(&self.accounts[account].admin_role)
    }

    /// "key(u, r) = everything, if the admin role of r's account is among principals(u); else mask(u, r)"
    pub fn key(&self, u: PrincipalId, r: ResourceId) -> u64 {
        self.key_of(&self.principals(u), r)
    }

    fn key_of(&self, holders: &BTreeSet<PrincipalId>, r: ResourceId) -> u64 {
        let admin_role = self.accounts[self.resources[r].account].admin_role;
        if holders.contains(&admin_role) { actions::everything() } else { self.mask_of(holders, r) }
    }

    /// "grants(key) = key − ENTER"
    pub fn grants_of(key: u64) -> u64 {
        key & !ENTER
    }

    /// "permits(key) = ENTER in key ? everything : key ∪ (WRITE in key ? ADVANCED : nothing)"
    pub fn permits_of(key: u64) -> u64 {
        if key & ENTER != 0 {
            actions::everything()
        } else if key & WRITE != 0 {
            key | actions::advanced()
        } else {
            key
        }
    }

    /// What is left to rows under a resource: by its own limit, the one of its kind's `*`, and those of all that it lies
    /// in, whether or not it inherits; a row's own list lies in the row's location.
    pub fn limit(&self, r: ResourceId) -> u64 {
        let resource = &self.resources[r];
        let of = |id: Option<ResourceId>| id.and_then(|id| self.resources[id].limit).unwrap_or(actions::everything());
        let star = self.star_of(resource.kind, resource.account);
        of(Some(r)) & of(star) & resource.parent.map_or(actions::everything(), |parent| self.limit(parent))
    }

    /// How a gate of this row stands for somebody who has entered this function, or none.
    fn standing(&self, u: PrincipalId, entered: Option<&str>, row: &Row, gate: &Gate) -> Standing {
        // "Function gate of a table with constants: the function entered (`acl_enter`) if it is one of them;
        // none entered: the first; another entered: closed"; "resolved in the asking user's account".
        if let Some(first) = gate.constants.first() {
            let name = match entered {
                None => first,
                Some(name) => match gate.constants.iter().find(|constant| constant.as_str() == name) {
                    Some(constant) => constant,
                    None => return Standing::Closed,
                },
            };
            let account = self.principals[u].account;
            let function = account.and_then(|account| self.find("function", account, name));
            return function.map_or(Standing::Dangling, Standing::Engaged);
        }
        // "Place gate: the row's own list (a document resource) if it has one, else the location."
        if let (Family::Place, Some(list)) = (gate.family, row.own_list) {
            return Standing::Engaged(list);
        }
        // "an ordered list of references, the first one present decides"
        match gate.references.iter().flatten().next() {
            None => Standing::Neutral,
            Some(Reference::Resource(resource)) => Standing::Engaged(*resource),
            Some(Reference::Dangling) => Standing::Dangling,
        }
    }

    /// Whether a resource is this environment or lies below it.
    fn is_inside(&self, r: ResourceId, environment: ResourceId) -> bool {
        r == environment || self.resources[r].parent.is_some_and(|parent| self.is_inside(parent, environment))
    }

    fn family(&self, r: ResourceId) -> Option<Family> {
        self.kinds[self.resources[r].kind].family
    }

    /// "may(u, row)", line by line. Nobody, or somebody unknown, is `None`.
    pub fn may(&self, u: Option<PrincipalId>, row: &Row) -> Verdict {
        self.may_in(u, None, row)
    }

    /// The same in a session that has entered a function.
    pub fn may_in(&self, u: Option<PrincipalId>, entered: Option<&str>, row: &Row) -> Verdict {
        // "u unknown, disabled or expired -> nothing"
        let Some(u) = u.filter(|u| self.is_active(*u)) else {
            return Verdict::nothing();
        };
        // "u is system -> everything"
        if u == self.system {
            return Verdict::everything();
        }
        // "engaged = the gates of the table whose reference is not null in this row; a required gate without one
        // is closed (unless all are empty)"
        let standings: Vec<Standing> = row.gates.iter().map(|gate| self.standing(u, entered, row, gate)).collect();
        let all_empty = standings.iter().all(|standing| *standing == Standing::Neutral);
        let missing = std::iter::zip(&row.gates, &standings)
            .any(|(gate, standing)| gate.required && *standing == Standing::Neutral);
        let closed = standings.contains(&Standing::Closed) || missing && !all_empty;
        let engaged: Vec<ResourceId> = standings
            .iter()
            .filter_map(|standing| match standing {
                Standing::Engaged(resource) => Some(*resource),
                _ => None,
            })
            .collect();
        // "A reference that resolves to no resource closes the row for all but system."
        if standings.contains(&Standing::Dangling) {
            return Verdict::nothing();
        }
        // "if u is an API key: its environment's scope gate must be engaged, inside that environment, else nothing"
        if let PrincipalKind::ApiKey { environment } = self.principals[u].kind {
            let scope = engaged.iter().find(|resource| self.family(**resource) == Some(Family::Scope));
            if !scope.is_some_and(|resource| self.is_inside(*resource, environment)) {
                return Verdict::nothing();
            }
        }
        // "admin = the admin role of the account of every engaged resource (none engaged: of the owner's account)
        // is among principals(u)"; "if admin -> everything". A constant is of the asking user's account, also where
        // it is closed because another function is entered.
        let mut accounts: Vec<Option<AccountId>> =
            engaged.iter().map(|resource| Some(self.resources[*resource].account)).collect();
        if standings.contains(&Standing::Closed) {
            accounts.push(self.principals[u].account);
        }
        if accounts.is_empty() {
            accounts.push(row.owner.and_then(|owner| self.principals[owner].account));
        }
        let holders = self.principals(u);
        let is_admin = |account: AccountId| holders.contains(&self.accounts[account].admin_role);
        if accounts.iter().all(|account| account.is_some_and(is_admin)) {
            return Verdict::everything();
        }
        Verdict { actions: self.bound(u, &holders, row, &engaged, closed), unbound: false }
    }

    /// The rest of "may(u, row)", for whoever is neither system nor admin here.
    fn bound(
        &self,
        u: PrincipalId,
        holders: &BTreeSet<PrincipalId>,
        row: &Row,
        engaged: &[ResourceId],
        closed: bool,
    ) -> u64 {
        // "Owner and requester rules are for users, not API keys."
        let owner = self.is_user(u) && row.owner == Some(u);
        let requester = self.is_user(u) && row.requester == Some(u);
        let mut m = if closed {
            0
        } else if engaged.is_empty() {
            // "if engaged is empty: m = (row.owner = u) ? CHANGE : nothing -- the intray"
            if owner { actions::change() } else { 0 }
        } else {
            // "else m = (OR of grants over engaged) AND (AND of permits over engaged)"
            let keys: Vec<u64> = engaged.iter().map(|resource| self.key_of(holders, *resource)).collect();
            let given = keys.iter().fold(0, |all, key| all | World::grants_of(*key));
            let let_through = keys.iter().fold(actions::everything(), |all, key| all & World::permits_of(*key));
            given & let_through
        };
        // "if READ not in m: m &= ADD | IMPORT | COMPLETE_FORM"
        if m & READ == 0 {
            m &= actions::adding() | COMPLETE_FORM;
        }
        // "if row.requester = u and every engaged resource is of u's account: m |= VIEW | EDIT"
        let at_home = engaged.iter().all(|r| Some(self.resources[*r].account) == self.principals[u].account);
        if requester && at_home {
            m |= actions::view() | actions::edit();
        }
        // "the most anybody but admins and system may do to rows under it": the requester is no exception, and without
        // read nothing is shown.
        m &= engaged.iter().fold(actions::everything(), |all, resource| all & self.limit(*resource));
        if m & READ == 0 {
            m &= actions::adding() | COMPLETE_FORM;
        }
        // "if u is read-only: m &= GUEST"
        if self.principals[u].read_only {
            m &= actions::guest();
        }
        // "if row.immutable: m &= ~(EDIT | DELETE | PASSWORD | SIGN | IMMUTABLE)"
        if row.immutable {
            m &= !(actions::edit() | actions::DELETE | actions::PASSWORD | actions::SIGN | actions::IMMUTABLE);
        }
        // "if row.deleted and row.deleted_by ≠ u: nothing"
        if row.deleted && row.deleted_by != Some(u) {
            m = 0;
        }
        m
    }

    /// "can(u, r, a) = u known and enabled, and (system, or admin of r's account, or a in mask(u, r)); no READ rule;
    /// read-only users: GUEST and enter; an API key: only scope resources inside its environment, and resources of
    /// other families." All actions of which it is true.
    pub fn can_on(&self, u: Option<PrincipalId>, r: ResourceId) -> u64 {
        let Some(u) = u.filter(|u| self.is_active(*u)) else {
            return 0;
        };
        if u == self.system {
            return actions::everything();
        }
        if let PrincipalKind::ApiKey { environment } = self.principals[u].kind
            && self.family(r) == Some(Family::Scope)
            && !self.is_inside(r, environment)
        {
            return 0;
        }
        let mut actions = self.key(u, r);
        if self.principals[u].read_only {
            actions &= actions::guest() | ENTER;
        }
        actions
    }

    /// "A resource is visible to who holds read or enter on it."
    pub fn sees(&self, u: Option<PrincipalId>, r: ResourceId) -> bool {
        self.can_on(u, r) & (READ | ENTER) != 0
    }
}
