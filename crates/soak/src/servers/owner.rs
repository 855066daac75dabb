//! As whom a private server runs: PostgreSQL does not run as root.

use std::path::Path;

use tokio::process::Command;

use crate::failure::Outcome;

/// `program`, to be run as `user` where this process is root's, as itself otherwise.
pub(super) async fn command_as(user: &str, program: &Path) -> Outcome<Command> {
    let mut command = if is_root().await? {
        let mut command = Command::new("runuser");
        command.args(["-u", user, "--"]).arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").kill_on_drop(true);
    Ok(command)
}

/// A new folder for the data of `user`.
pub(super) async fn data_folder(user: &str, folder: &Path) -> Outcome {
    std::fs::create_dir(folder)?;
    if is_root().await? {
        succeed(Command::new("chown").arg(user).arg(folder)).await?;
    }
    Ok(())
}

/// The user that a server is told to run as, when it must be told.
pub(super) async fn is_root() -> Outcome<bool> {
    let id = Command::new("id").arg("-u").output().await?;
    Ok(id.stdout == b"0\n")
}

/// Runs it to its end.
pub(super) async fn succeed(command: &mut Command) -> Outcome {
    let output = command.output().await.map_err(|error| format!("{command:?}: {error}"))?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{command:?}: {}", String::from_utf8_lossy(&said).trim()).into())
}

/// The last lines of a log.
pub(super) fn tail(log: &Path) -> String {
    let log = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<_> = log.lines().rev().take(20).collect();
    lines.into_iter().rev().collect::<Vec<_>>().join("\n")
}
