//! The offline Alipay as a program.

use std::{
    fs, io,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Parser, ValueEnum};
use vestibule_alipay_simulator::{AppRegistration, Authority, Mode, RsaKey, SharedKey, SignType, Simulator};

/// An offline Alipay: an authorize page and a gateway on loopback, with keys and certificates made anew at every start.
#[derive(Debug, Parser)]
#[command(name = "alipay-simulator", version)]
struct Arguments {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// The host to which redirects may go (scheme, port and path are free).
    #[arg(long, default_value = "127.0.0.1")]
    redirect_domain: String,
    /// The application's id.
    #[arg(long, default_value = AppRegistration::DEFAULT_APP_ID)]
    app_id: String,
    /// The merchant's id.
    #[arg(long, default_value = AppRegistration::DEFAULT_PID)]
    pid: String,
    /// How application and Alipay know each other's keys.
    #[arg(long, default_value = "certificate")]
    mode: ModeName,
    /// With which algorithm requests and answers are signed; RSA (SHA-1) comes with keys of 1024 bits and in public-key mode only.
    #[arg(long, default_value = "RSA2")]
    sign_type: SignTypeName,
    /// Folder into which the files of the application are written, over those of an earlier start: four in certificate mode, three in public-key mode.
    #[arg(long, value_name = "DIR")]
    write_material: Option<PathBuf>,
    /// Loopback address that takes orders to change certificates while the simulator runs (port 0 takes a free one); off unless given.
    ///
    /// POST /apps/APP/app-certificates registers one more app certificate and answers it with its key; POST /apps/APP/alipay-certificates issues a
    /// new certificate of Alipay (?key=same for the present key); POST /apps/APP/alipay-certificates/SN/use signs with it from now on, or from
    /// ?from=SECONDS since 1970; GET /apps/APP tells the serial numbers. Answers are JSON.
    #[arg(long, value_name = "ADDRESS")]
    control: Option<SocketAddr>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ModeName {
    Certificate,
    PublicKey,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum SignTypeName {
    #[value(name = "RSA2")]
    Rsa2,
    #[value(name = "RSA")]
    Rsa,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(&Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _nowhere_to_complain = writeln!(io::stderr(), "alipay-simulator: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: &Arguments) -> io::Result<()> {
    let authority = Authority::shared().map_err(io::Error::other)?;
    let app = register(authority, arguments)?;
    if let Some(folder) = &arguments.write_material {
        write_material(folder, &app)?;
    }
    let mut builder =
        Simulator::builder().listen(arguments.listen).redirect_domain(&arguments.redirect_domain).app(app);
    if let Some(address) = arguments.control {
        builder = builder.control(address, authority);
    }
    let simulator = builder.start().await?;
    announce(&simulator, arguments.write_material.as_deref())?;
    tokio::signal::ctrl_c().await?;
    simulator.shutdown().await;
    Ok(())
}

fn register(authority: &Authority, arguments: &Arguments) -> io::Result<AppRegistration> {
    let app = AppRegistration::new(authority, &arguments.app_id, &arguments.pid).map_err(io::Error::other)?;
    let key = |which| RsaKey::shared(which).map_err(io::Error::other);
    match (arguments.mode, arguments.sign_type) {
        (ModeName::Certificate, SignTypeName::Rsa2) => Ok(app),
        (ModeName::Certificate, SignTypeName::Rsa) => {
            Err(io::Error::new(io::ErrorKind::InvalidInput, "--sign-type RSA needs --mode public-key"))
        }
        (ModeName::PublicKey, SignTypeName::Rsa2) => {
            Ok(app.in_public_key_mode(key(SharedKey::App)?, key(SharedKey::Alipay)?))
        }
        (ModeName::PublicKey, SignTypeName::Rsa) => {
            Ok(app.in_public_key_mode(key(SharedKey::SmallApp)?, key(SharedKey::SmallAlipay)?).signing(SignType::Rsa))
        }
    }
}

fn announce(simulator: &Simulator, folder: Option<&Path>) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "authorize {}", simulator.authorize_url())?;
    writeln!(out, "gateway   {}", simulator.gateway_url())?;
    writeln!(out, "app_id    {}", simulator.app().app_id())?;
    writeln!(out, "pid       {}", simulator.app().pid())?;
    if let Some(control) = simulator.control_url() {
        writeln!(out, "control   {control}")?;
    }
    if let Some(folder) = folder {
        writeln!(out, "material  {}", folder.display())?;
    }
    out.flush()
}

fn write_material(folder: &Path, app: &AppRegistration) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    if app.mode() == Mode::PublicKey {
        let material = app.key_material();
        fs::write(folder.join("appPublicKey.txt"), material.app_public_key)?;
        fs::write(folder.join("alipayPublicKey.txt"), material.alipay_public_key)?;
        return write_private(&folder.join("appPrivateKey.txt"), &material.app_private_key);
    }
    let material = app.material();
    fs::write(folder.join("appCertPublicKey.crt"), material.app_cert)?;
    fs::write(folder.join("alipayCertPublicKey.crt"), material.alipay_cert)?;
    fs::write(folder.join("alipayRootCert.crt"), material.alipay_root_cert)?;
    write_private(&folder.join("appPrivateKey.txt"), &material.app_private_key)
}

/// Writes a file that only its owner may read, also where a file of that name was readable to others.
fn write_private(path: &Path, text: &str) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    options.open(path)?.write_all(text.as_bytes())
}
