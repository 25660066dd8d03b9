//! tokio-postgres: a transaction per request, and the user is its first statement.
//! `cargo run -p docacl_client_tests --example tokio_postgres -- USER …`, with PGHOST and PGPORT set.

use std::collections::BTreeSet;
use std::error::Error;

use tokio_postgres::{Client, NoTls, Row, Transaction};

/// A transaction in which the database sees `user` asking. The identity ends with it.
async fn asking<'a>(client: &'a mut Client, user: &str) -> Result<Transaction<'a>, tokio_postgres::Error> {
    let transaction = client.transaction().await?;
    transaction.execute("SELECT acl_set_user($1)", &[&user]).await?;
    Ok(transaction)
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut config = tokio_postgres::Config::new();
    config.host(std::env::var("PGHOST")?).port(std::env::var("PGPORT")?.parse()?);
    config.user("web").dbname(std::env::var("PGDATABASE")?);
    let (mut client, connection) = config.connect(NoTls).await?;
    tokio::spawn(connection);

    for user in std::env::args().skip(1) {
        let transaction = asking(&mut client, &user).await?;
        let rows = transaction.query("SELECT title, reader FROM documents ORDER BY id", &[]).await?;
        transaction.commit().await?;
        let readers: BTreeSet<String> = rows.iter().filter_map(|row: &Row| row.get("reader")).collect();
        println!("{user} {} {}", rows.len(), readers.into_iter().collect::<Vec<_>>().join(" "));
    }
    // Outside such a transaction nobody is asking.
    let row = client.query_one("SELECT count(*) FROM documents", &[]).await?;
    println!("nobody {}", row.get::<_, i64>(0));
    Ok(())
}
