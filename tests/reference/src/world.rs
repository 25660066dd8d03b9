//! The nouns: accounts, principals, memberships, kinds, resources, grants, and a row with its gates.
//!
//! Ids are positions in the vectors of a [`World`]; nothing is ever removed from them.

use crate::actions;

pub type AccountId = usize;
pub type PrincipalId = usize;
pub type KindId = usize;
pub type ResourceId = usize;

/// From when until when something is valid. The moment of the end is no longer inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Period {
    pub from: Option<i64>,
    pub until: Option<i64>,
}

impl Period {
    /// Without beginning and end.
    pub const ALWAYS: Period = Period { from: None, until: None };

    /// "valid now"
    pub fn contains(&self, now: i64) -> bool {
        self.from.is_none_or(|from| from <= now) && self.until.is_none_or(|until| now < until)
    }
}

/// "a customer of the platform; the outermost wall", with what is made with every account.
#[derive(Debug, Clone)]
pub struct Account {
    pub name: String,
    /// The account as a resource of the scope gate.
    pub resource: ResourceId,
    /// "`Administrators` and `Users` (two roles made with every account; the first is the account's admin role …)"
    pub admin_role: PrincipalId,
    pub users_role: PrincipalId,
    /// "one per account that every enabled user of the account belongs to without a membership row"
    pub everyone: PrincipalId,
}

/// "who may hold grants: a user, a role …, an API key", and the one `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PrincipalKind {
    User,
    Role,
    ApiKey {
        /// "its environment"
        environment: ResourceId,
    },
    System,
}

#[derive(Debug, Clone)]
pub struct Principal {
    pub name: String,
    pub kind: PrincipalKind,
    /// None for `system`.
    pub account: Option<AccountId>,
    pub enabled: bool,
    pub read_only: bool,
    pub valid_until: Option<i64>,
}

/// "a role may be a member of a role; a cycle is refused"
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Membership {
    pub role: PrincipalId,
    pub member: PrincipalId,
    pub period: Period,
}

/// A gate's name. "Resources form trees, one family per gate"
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Family {
    Scope,
    Place,
    Type,
    Project,
    Function,
    /// "any kind a DBA adds … makes a gate of its own"
    Own(KindId),
}

#[derive(Debug, Clone)]
pub struct Kind {
    pub name: String,
    /// None: "kinds that hold grants but gate no rows".
    pub family: Option<Family>,
    pub inherits: bool,
    pub has_star: bool,
}

/// "what grants are given on. Every resource has a kind, an account, a name, a parent or none, and `inherits`."
#[derive(Debug, Clone)]
pub struct Resource {
    pub kind: KindId,
    pub account: AccountId,
    pub name: String,
    pub parent: Option<ResourceId>,
    pub inherits: bool,
    /// It is the kind's `*` in its account.
    pub is_star: bool,
    /// `acl_set_limit`: "the most anybody but admins and system may do to rows under it; null lifts it".
    pub limit: Option<u64>,
}

/// "(principal, resource, actions, valid from, valid until). Additive only. There is no deny."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub principal: PrincipalId,
    pub resource: ResourceId,
    pub actions: u64,
    pub period: Period,
}

/// What one reference column of a row holds, if it is not null.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reference {
    Resource(ResourceId),
    /// "A reference that resolves to no resource"
    Dangling,
}

/// "a place in a protected row where a resource is referenced: an ordered list of references, the first one
/// present decides."
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    pub family: Family,
    pub required: bool,
    pub references: Vec<Option<Reference>>,
    /// "Function gate of a table with constants": the functions by name, the default first; then no references.
    pub constants: Vec<String>,
}

impl Gate {
    /// A gate with one reference column that is null.
    pub fn empty(family: Family) -> Gate {
        Gate { family, required: false, references: vec![None], constants: Vec::new() }
    }

    /// A gate that refers to this resource.
    pub fn to(family: Family, resource: ResourceId) -> Gate {
        Gate { references: vec![Some(Reference::Resource(resource))], ..Gate::empty(family) }
    }
}

/// One row of a protected table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Row {
    pub gates: Vec<Gate>,
    /// "the row's own list (a document resource)"; whether it adds to the location or stands instead of it is
    /// whether that resource inherits. Its parent is the row's location.
    pub own_list: Option<ResourceId>,
    pub owner: Option<PrincipalId>,
    pub requester: Option<PrincipalId>,
    pub immutable: bool,
    pub deleted: bool,
    pub deleted_by: Option<PrincipalId>,
}

/// Everything that an answer depends on.
#[derive(Debug, Clone)]
pub struct World {
    /// "'Now' is the transaction's start."
    pub now: i64,
    pub accounts: Vec<Account>,
    pub principals: Vec<Principal>,
    pub memberships: Vec<Membership>,
    pub kinds: Vec<Kind>,
    pub resources: Vec<Resource>,
    pub grants: Vec<Grant>,
    pub system: PrincipalId,
}

/// The built-in kinds: name, family, inherits by default, has a `*` in every account. "Location, document_type,
/// project, function and own kinds each have a resource `*` in every account".
const KINDS: [(&str, Option<Family>, bool, bool); 12] = [
    ("account", Some(Family::Scope), true, false),
    ("environment", Some(Family::Scope), true, false),
    ("company", Some(Family::Scope), true, false),
    ("client", Some(Family::Scope), true, false),
    ("provider", Some(Family::Scope), true, false),
    ("location", Some(Family::Place), false, true),
    ("document", Some(Family::Place), true, false),
    ("document_type", Some(Family::Type), true, true),
    ("project", Some(Family::Project), true, true),
    ("function", Some(Family::Function), true, true),
    ("queue", None, false, false),
    ("form", None, false, false),
];

/// "The functions … are made with every account."
pub const ADMINISTRATION_FUNCTIONS: [&str; 3] = ["Projects", "Project Authorizations", "Role Authorizations"];

impl World {
    /// A world with the built-in kinds and `system`, and nothing else.
    pub fn new() -> World {
        let kinds = KINDS.iter().map(|(name, family, inherits, has_star)| Kind {
            name: (*name).to_owned(),
            family: *family,
            inherits: *inherits,
            has_star: *has_star,
        });
        let mut world = World {
            now: 1_000_000,
            accounts: Vec::new(),
            principals: Vec::new(),
            memberships: Vec::new(),
            kinds: kinds.collect(),
            resources: Vec::new(),
            grants: Vec::new(),
            system: 0,
        };
        world.system = world.principal("system", PrincipalKind::System, None);
        world
    }

    /// "account with its roles Administrators, Users, everyone, the `*` roots and the three administration functions"
    pub fn account(&mut self, name: &str) -> AccountId {
        let id = self.accounts.len();
        let admin_role = self.principal("Administrators", PrincipalKind::Role, Some(id));
        let users_role = self.principal("Users", PrincipalKind::Role, Some(id));
        let everyone = self.principal("everyone", PrincipalKind::Role, Some(id));
        let resource = self.resource_of("account", id, name, None);
        self.accounts.push(Account { name: name.to_owned(), resource, admin_role, users_role, everyone });
        for kind in 0..self.kinds.len() {
            self.star(kind, id);
        }
        for function in ADMINISTRATION_FUNCTIONS {
            self.resource_of("function", id, function, None);
        }
        id
    }

    fn star(&mut self, kind: KindId, account: AccountId) {
        if self.kinds[kind].has_star {
            let resource = self.resource(kind, account, "*", None);
            self.resources[resource].is_star = true;
        }
    }

    /// "any kind a DBA adds with `acl_create_kind(name, inherits)` makes a gate of its own"
    pub fn own_kind(&mut self, name: &str, inherits: bool) -> KindId {
        let id = self.kinds.len();
        self.kinds.push(Kind { name: name.to_owned(), family: Some(Family::Own(id)), inherits, has_star: true });
        for account in 0..self.accounts.len() {
            self.star(id, account);
        }
        id
    }

    /// The kind of this name.
    pub fn kind(&self, name: &str) -> KindId {
        let found = self.kinds.iter().position(|kind| kind.name == name);
        found.unwrap_or_else(|| panic!("no kind {name}"))
    }

    pub fn principal(&mut self, name: &str, kind: PrincipalKind, account: Option<AccountId>) -> PrincipalId {
        self.principals.push(Principal {
            name: name.to_owned(),
            kind,
            account,
            enabled: true,
            read_only: false,
            valid_until: None,
        });
        self.principals.len() - 1
    }

    pub fn user(&mut self, name: &str, account: AccountId) -> PrincipalId {
        self.principal(name, PrincipalKind::User, Some(account))
    }

    pub fn role(&mut self, name: &str, account: AccountId) -> PrincipalId {
        self.principal(name, PrincipalKind::Role, Some(account))
    }

    /// A resource that inherits as its kind does by default.
    pub fn resource(&mut self, kind: KindId, account: AccountId, name: &str, parent: Option<ResourceId>) -> ResourceId {
        let inherits = self.kinds[kind].inherits;
        let name = name.to_owned();
        self.resources.push(Resource { kind, account, name, parent, inherits, is_star: false, limit: None });
        self.resources.len() - 1
    }

    /// The same with the kind by name.
    pub fn resource_of(
        &mut self,
        kind: &str,
        account: AccountId,
        name: &str,
        parent: Option<ResourceId>,
    ) -> ResourceId {
        self.resource(self.kind(kind), account, name, parent)
    }

    pub fn assign(&mut self, role: PrincipalId, member: PrincipalId) {
        self.memberships.push(Membership { role, member, period: Period::ALWAYS });
    }

    /// A grant of these words without a period.
    pub fn grant(&mut self, principal: PrincipalId, words: &str, resource: ResourceId) {
        let actions = actions::granted_by(words, &[]).unwrap_or_else(|| panic!("unknown word in {words}"));
        self.grants.push(Grant { principal, resource, actions, period: Period::ALWAYS });
    }

    /// A share: "the row gets its own list, a `document` resource under the row's location … that inherits from it."
    pub fn share(&mut self, row: &mut Row) -> ResourceId {
        if let Some(list) = row.own_list {
            return list;
        }
        let place = row.gates.iter().find(|gate| gate.family == Family::Place);
        let location = place.and_then(|gate| gate.references.iter().flatten().next().copied());
        let parent = match location {
            Some(Reference::Resource(resource)) => Some(resource),
            Some(Reference::Dangling) | None => None,
        };
        let account = parent.map(|resource| self.resources[resource].account);
        let account = account.or_else(|| self.account_of_row(row)).unwrap_or(0);
        let list = self.resource_of("document", account, "", parent);
        row.own_list = Some(list);
        list
    }

    /// The account of the first resource that a row refers to, else its owner's.
    pub fn account_of_row(&self, row: &Row) -> Option<AccountId> {
        let references = row.gates.iter().flat_map(|gate| gate.references.iter().flatten());
        let resource = references.into_iter().find_map(|reference| match reference {
            Reference::Resource(resource) => Some(self.resources[*resource].account),
            Reference::Dangling => None,
        });
        resource.or_else(|| row.owner.and_then(|owner| self.principals[owner].account))
    }

    /// The kind's `*` in an account, where it has one.
    pub fn star_of(&self, kind: KindId, account: AccountId) -> Option<ResourceId> {
        self.resources.iter().position(|r| r.is_star && r.kind == kind && r.account == account)
    }

    /// The resource of this kind and name in an account.
    pub fn find(&self, kind: &str, account: AccountId, name: &str) -> Option<ResourceId> {
        let kind = self.kind(kind);
        self.resources.iter().position(|r| r.kind == kind && r.account == account && r.name == name)
    }
}

impl Default for World {
    fn default() -> World {
        World::new()
    }
}
