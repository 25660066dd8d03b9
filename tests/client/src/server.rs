//! The server that the environment names, and databases made for one test each.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use postgres::{Client, Config, NoTls};

use crate::session::Session;

static MADE: AtomicUsize = AtomicUsize::new(0);

/// A fresh database with docacl in it and an application role of its own; both are dropped at the end.
pub struct Database {
    name: String,
    app: String,
}

/// One connection string: PGHOST, PGPORT, PGUSER, PGDATABASE.
fn config(user: Option<&str>, database: Option<&str>) -> Config {
    let var = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let host = var("PGHOST").unwrap_or_else(|| {
        panic!("no server: PGHOST is not set; run this as `.ci/cluster cargo test -p docacl_client_tests`")
    });
    let mut config = Config::new();
    config.host(&host);
    config.port(var("PGPORT").and_then(|port| port.parse().ok()).unwrap_or(5432));
    config.user(user.map_or_else(|| var("PGUSER").unwrap_or_else(|| "postgres".to_owned()), str::to_owned).as_str());
    config.dbname(
        database.map_or_else(|| var("PGDATABASE").unwrap_or_else(|| "postgres".to_owned()), str::to_owned).as_str(),
    );
    config
}

fn connect(user: Option<&str>, database: Option<&str>) -> Client {
    let config = config(user, database);
    config.connect(NoTls).unwrap_or_else(|error| panic!("no connection with {config:?}: {error}"))
}

impl Database {
    /// A database for the test of this name. The application role is neither superuser nor BYPASSRLS, and trusted.
    pub fn create(test: &str) -> Database {
        let database = Database::create_bare(test);
        let mut superuser = database.superuser();
        superuser.run("create extension docacl");
        superuser.run(&format!("select acl_trust('{}')", database.app));
        database
    }

    /// The same without the extension.
    pub fn create_bare(test: &str) -> Database {
        let number = MADE.fetch_add(1, Ordering::Relaxed);
        let name = format!("docacl_{test}_{}_{number}", std::process::id());
        let app = format!("{name}_app");
        let mut server = Session::new(connect(None, None));
        server.run(&format!("create database {name}"));
        server.run(&format!("create role {app} login nosuperuser nobypassrls"));
        Database { name, app }
    }

    /// The trusted application role: the one that protected tables are granted to.
    pub fn app_role(&self) -> &str {
        &self.app
    }

    /// The database's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// A session of the superuser.
    pub fn superuser(&self) -> Session {
        Session::new(connect(None, Some(&self.name)))
    }

    /// A session that logs in as the application role.
    pub fn app(&self) -> Session {
        self.session(&self.app)
    }

    /// A session of any database role.
    pub fn session(&self, role: &str) -> Session {
        Session::new(connect(Some(role), Some(&self.name)))
    }

    /// A session of any database role, and the messages of the notices that it is given.
    pub fn session_with_notices(&self, role: &str) -> (Session, Arc<Mutex<Vec<String>>>) {
        let notices = Arc::new(Mutex::new(Vec::new()));
        let mut config = config(Some(role), Some(&self.name));
        let heard = notices.clone();
        config.notice_callback(move |notice| {
            heard.lock().unwrap_or_else(|e| e.into_inner()).push(format!("{} {}", notice.severity(), notice.message()));
        });
        let client = config.connect(NoTls).unwrap_or_else(|error| panic!("no connection with {config:?}: {error}"));
        (Session::new(client), notices)
    }

    /// A session that starts with settings of the client's choice, as a hostile client may ask for.
    pub fn session_with_options(&self, role: &str, options: &str) -> Session {
        let mut config = config(Some(role), Some(&self.name));
        config.options(options);
        Session::new(config.connect(NoTls).unwrap_or_else(|error| panic!("no connection with {options}: {error}")))
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // A test that fails has more to say than a database that stays behind.
        let Ok(mut server) = config(None, None).connect(NoTls) else {
            return;
        };
        let _ = server.batch_execute(&format!("drop database if exists {} with (force)", self.name));
        let _ = server.batch_execute(&format!("drop role if exists {}", self.app));
    }
}
