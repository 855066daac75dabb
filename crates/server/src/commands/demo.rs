//! `vestibule demo`: server and simulator on loopback, everything made for it.

use std::io::Write;
use std::net::SocketAddr;

use tokio::net::TcpListener;
use vestibule::certs_store::NewCert;
use vestibule::provider_store::NewProvider;
use vestibule::{Config, Error, GuardedClient, HttpSettings, Result, Secret, Vestibule};
use vestibule_alipay_simulator::Simulator;

use crate::cli::Demo;
use crate::options::Options;
use crate::server::{self, Server};
use crate::storage::Storage;
use crate::walk;

const OWNER: &str = "demo";
const NAME: &str = "alipay";
const APP_CERT: &str = "alipay-app";
const ROOT_CERT: &str = "alipay-root";
/// Who made the rows, as the history has it.
const BY: &str = "demo";

/// Runs the demonstration until it is asked to stop, or until the walk is done.
///
/// # Errors
/// What could not be started, or what stopped the walk.
pub async fn run(demo: &Demo, mut options: Options, out: &mut dyn Write) -> Result<()> {
    // Kept until the end: dropping it removes the folder.
    let folder = tempfile::Builder::new()
        .prefix("vestibule-demo-")
        .tempdir()
        .map_err(|error| Error::internal("no temporary folder could be made").caused_by(error))?;
    let listener = listen(&options).await?;
    say(out, format_args!("Making keys and certificates …"))?;
    let address = listener
        .local_addr()
        .map_err(|error| Error::internal("the listening socket has no address").caused_by(error))?;
    let public_url = options.public_url(address)?;
    // Where the simulator sends browsers back to, as a merchant registers it with Alipay: a host.
    let host = public_url.as_url().host_str().unwrap_or_default().to_owned();
    let simulator = Simulator::builder()
        .redirect_domain(host)
        .start()
        .await
        .map_err(|error| Error::internal("the simulator could not be started").caused_by(error))?;
    let upstream = simulator.gateway_url();
    if let Some((host, port)) = upstream.host_str().zip(upstream.port()) {
        options.allow_upstream.push(format!("{host}:{port}"));
    }
    // Whatever says where a real installation is, a demonstration does not touch it.
    let storage = Storage::throwaway(folder.path()).await?;
    let server = Server::start_on(storage, &options, listener).await?;
    fill(server.vestibule(), &simulator).await?;

    let done = if demo.walk { walk_through(&server, out).await } else { invite(&server, out).await };
    server.stop().await;
    simulator.shutdown().await;
    done
}

/// The usual address if it is free, else any.
async fn listen(options: &Options) -> Result<TcpListener> {
    match server::listen(options.listen()).await {
        Err(_) if options.listen.is_none() => server::listen(SocketAddr::from(([127, 0, 0, 1], 0))).await,
        listening => listening,
    }
}

/// Writes the cert records, as in Casdoor's guide, and the provider row.
async fn fill(vestibule: &Vestibule, simulator: &Simulator) -> Result<()> {
    let material = simulator.app().material();
    let certs = [
        (APP_CERT, material.app_cert, material.app_private_key),
        (ROOT_CERT, material.alipay_cert, material.alipay_root_cert),
    ];
    for (name, certificate, private_key) in certs {
        let cert = NewCert {
            owner: vestibule.shared_owner().to_owned(),
            name: name.to_owned(),
            display_name: String::new(),
            certificate,
            private_key: Some(Secret::new(private_key)),
            sharing: None,
        };
        vestibule.certs().save(cert, BY).await?;
    }
    let config = serde_json::json!({
        "appId": simulator.app().app_id(),
        "appCert": APP_CERT,
        "rootCert": ROOT_CERT,
        "environment": "custom",
        "authorizeUrl": simulator.authorize_url(),
        "gatewayUrl": simulator.gateway_url(),
        "subject": "open_id",
    });
    let row = NewProvider {
        owner: OWNER.to_owned(),
        name: NAME.to_owned(),
        display_name: "Alipay".to_owned(),
        category: "OAuth".to_owned(),
        kind: "Alipay".to_owned(),
        enabled: true,
        config: Config::new(config.to_string()),
    };
    vestibule.providers().add(row, BY).await?;
    Ok(())
}

async fn invite(server: &Server, out: &mut dyn Write) -> Result<()> {
    say(
        out,
        format_args!(
            "\nOpen   {}\nand press \"Sign in with Alipay\". The Alipay is a simulator; nothing leaves this machine, and nothing is kept.\n\
             Stop with Ctrl-C.",
            server.public_url().as_url()
        ),
    )?;
    server::asked_to_stop().await;
    Ok(())
}

async fn walk_through(server: &Server, out: &mut dyn Write) -> Result<()> {
    let address = server.address();
    let own = HttpSettings { allow: vec![address.ip().to_string().parse()?], ..HttpSettings::default() };
    let http = GuardedClient::new(own)?;
    let login = server.vestibule().logins().login_url(OWNER, NAME)?;
    let page = walk::sign_in(&http, &login).await?;
    let shown = |id| walk::text_of(&page, id).ok_or_else(|| Error::internal(format!("/me shows no \"{id}\"")));
    say(
        out,
        format_args!(
            "\nSigned in as {} ({} {}) with provider row {}.",
            shown("name")?,
            shown("subject-kind")?,
            shown("subject")?,
            shown("row")?
        ),
    )
}

fn say(out: &mut dyn Write, line: std::fmt::Arguments<'_>) -> Result<()> {
    writeln!(out, "{line}").and_then(|()| out.flush()).map_err(super::cannot_write)
}
